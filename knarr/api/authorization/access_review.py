"""The types of access review in authorization."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import FieldSelectorRequirement, LabelSelectorRequirement
from knarr.api.structs import ApiStruct


class FieldSelectorAttributes(ApiStruct):
    """A field selector that a request carries."""

    raw_selector: str = ""
    """The selector as text."""
    requirements: tuple[FieldSelectorRequirement, ...] = ()
    """The selector as rules."""


class LabelSelectorAttributes(ApiStruct):
    """A label selector that a request carries."""

    raw_selector: str = ""
    """The selector as text."""
    requirements: tuple[LabelSelectorRequirement, ...] = ()
    """The selector as rules."""


class NonResourceAttributes(ApiStruct):
    """A request for what is no resource."""

    path: str = ""
    """Path of the URL."""
    verb: str = ""
    """Verb, such as get."""


class ResourceAttributes(ApiStruct):
    """A request for a resource."""

    field_selector: FieldSelectorAttributes | None = None
    """Field selector it carries."""
    group: str = ""
    """Group of the resource; * for all."""
    label_selector: LabelSelectorAttributes | None = None
    """Label selector it carries."""
    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    resource: str = ""
    """The resource; * for all."""
    subresource: str = ""
    """Its subresource."""
    verb: str = ""
    """Verb, such as get or create; * for all."""
    version: str = ""
    """Version of the resource; * for all."""


class SubjectAccessReviewSpec(ApiStruct):
    """Who asks, and for what."""

    extra: Mapping[str, tuple[str, ...]] = {}
    """What else is known of the user."""
    groups: tuple[str, ...] = ()
    """Groups of the user."""
    non_resource_attributes: NonResourceAttributes | None = None
    """Request for what is no resource."""
    resource_attributes: ResourceAttributes | None = None
    """Request for a resource."""
    uid: str = ""
    """Uid of the object."""
    user: str = ""
    """Name of the user."""


class SubjectAccessReviewStatus(ApiStruct):
    """Whether it is allowed."""

    allowed: bool
    """Whether it is."""
    denied: bool = False
    """Whether it is forbidden outright."""
    evaluation_error: str = ""
    """What went wrong while deciding."""
    reason: str = ""
    """Why, in one word for programs."""


class LocalSubjectAccessReview(ApiStruct):
    """Asks whether a user may do something in a namespace."""

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
    """Paths that may be asked for."""

    non_resource_urls: tuple[str, ...] = ()
    """Paths; a * at the end stands for anything."""
    verbs: tuple[str, ...]
    """Verbs; * for all."""


class ResourceRule(ApiStruct):
    """Resources that may be asked for."""

    api_groups: tuple[str, ...] = ()
    """Groups; * for all."""
    resource_names: tuple[str, ...] = ()
    """Names; all when empty."""
    resources: tuple[str, ...] = ()
    """Resources; * for all."""
    verbs: tuple[str, ...]
    """Verbs; * for all."""


class SelfSubjectAccessReviewSpec(ApiStruct):
    """What is asked for."""

    non_resource_attributes: NonResourceAttributes | None = None
    """Request for what is no resource."""
    resource_attributes: ResourceAttributes | None = None
    """Request for a resource."""


class SelfSubjectAccessReview(ApiStruct):
    """Asks whether one may do something."""

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
    """Where one wants to know."""

    namespace: str = ""
    """Namespace of the object."""


class SubjectRulesReviewStatus(ApiStruct):
    """Everything one may do."""

    evaluation_error: str = ""
    """What went wrong while collecting."""
    incomplete: bool
    """Whether something may be missing."""
    non_resource_rules: tuple[NonResourceRule, ...]
    """Paths one may ask for."""
    resource_rules: tuple[ResourceRule, ...]
    """Resources one may ask for."""


class SelfSubjectRulesReview(ApiStruct):
    """Asks for everything one may do in a namespace."""

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
    """Asks whether a user may do something."""

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
