"""The types of access review in authorization."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import FieldSelectorRequirement, LabelSelectorRequirement
from knarr.api.structs import ApiStruct


class FieldSelectorAttributes(ApiStruct):
    """TODO."""

    raw_selector: str = ""
    """TODO."""
    requirements: tuple[FieldSelectorRequirement, ...] = ()
    """TODO."""


class LabelSelectorAttributes(ApiStruct):
    """TODO."""

    raw_selector: str = ""
    """TODO."""
    requirements: tuple[LabelSelectorRequirement, ...] = ()
    """TODO."""


class NonResourceAttributes(ApiStruct):
    """TODO."""

    path: str = ""
    """TODO."""
    verb: str = ""
    """TODO."""


class ResourceAttributes(ApiStruct):
    """TODO."""

    field_selector: FieldSelectorAttributes | None = None
    """TODO."""
    group: str = ""
    """TODO."""
    label_selector: LabelSelectorAttributes | None = None
    """TODO."""
    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    resource: str = ""
    """TODO."""
    subresource: str = ""
    """TODO."""
    verb: str = ""
    """TODO."""
    version: str = ""
    """TODO."""


class SubjectAccessReviewSpec(ApiStruct):
    """TODO."""

    extra: Mapping[str, tuple[str, ...]] = {}
    """TODO."""
    groups: tuple[str, ...] = ()
    """TODO."""
    non_resource_attributes: NonResourceAttributes | None = None
    """TODO."""
    resource_attributes: ResourceAttributes | None = None
    """TODO."""
    uid: str = ""
    """Uid of the object."""
    user: str = ""
    """TODO."""


class SubjectAccessReviewStatus(ApiStruct):
    """TODO."""

    allowed: bool
    """TODO."""
    denied: bool = False
    """TODO."""
    evaluation_error: str = ""
    """TODO."""
    reason: str = ""
    """Why, in one word for programs."""


class LocalSubjectAccessReview(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: SubjectAccessReviewSpec
    """What is wanted."""
    status: SubjectAccessReviewStatus = SubjectAccessReviewStatus(allowed=False)
    """What was observed last."""


class NonResourceRule(ApiStruct):
    """TODO."""

    non_resource_urls: tuple[str, ...] = ()
    """TODO."""
    verbs: tuple[str, ...]
    """TODO."""


class ResourceRule(ApiStruct):
    """TODO."""

    api_groups: tuple[str, ...] = ()
    """TODO."""
    resource_names: tuple[str, ...] = ()
    """TODO."""
    resources: tuple[str, ...] = ()
    """TODO."""
    verbs: tuple[str, ...]
    """TODO."""


class SelfSubjectAccessReviewSpec(ApiStruct):
    """TODO."""

    non_resource_attributes: NonResourceAttributes | None = None
    """TODO."""
    resource_attributes: ResourceAttributes | None = None
    """TODO."""


class SelfSubjectAccessReview(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: SelfSubjectAccessReviewSpec
    """What is wanted."""
    status: SubjectAccessReviewStatus = SubjectAccessReviewStatus(allowed=False)
    """What was observed last."""


class SelfSubjectRulesReviewSpec(ApiStruct):
    """TODO."""

    namespace: str = ""
    """Namespace of the object."""


class SubjectRulesReviewStatus(ApiStruct):
    """TODO."""

    evaluation_error: str = ""
    """TODO."""
    incomplete: bool
    """TODO."""
    non_resource_rules: tuple[NonResourceRule, ...]
    """TODO."""
    resource_rules: tuple[ResourceRule, ...]
    """TODO."""


class SelfSubjectRulesReview(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: SelfSubjectRulesReviewSpec
    """What is wanted."""
    status: SubjectRulesReviewStatus = SubjectRulesReviewStatus(
        incomplete=False, non_resource_rules=(), resource_rules=()
    )
    """What was observed last."""


class SubjectAccessReview(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: SubjectAccessReviewSpec
    """What is wanted."""
    status: SubjectAccessReviewStatus = SubjectAccessReviewStatus(allowed=False)
    """What was observed last."""
