"""The types of webhook configuration in admissionregistration."""

from typing import Annotated

from knarr.api.admissionregistration.matching import (
    MatchCondition,
    RuleWithOperations,
    WebhookClientConfig,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class MutatingWebhook(ApiStruct):
    """TODO."""

    admission_review_versions: tuple[str, ...]
    """TODO."""
    client_config: WebhookClientConfig
    """TODO."""
    failure_policy: str | None = None
    """TODO."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    match_policy: str | None = None
    """TODO."""
    name: str
    """Name of the object."""
    namespace_selector: LabelSelector | None = None
    """TODO."""
    object_selector: LabelSelector | None = None
    """TODO."""
    reinvocation_policy: str | None = None
    """TODO."""
    rules: tuple[RuleWithOperations, ...] = ()
    """TODO."""
    side_effects: str
    """TODO."""
    timeout_seconds: Int32 | None = None
    """TODO."""


class MutatingWebhookConfiguration(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    webhooks: Annotated[tuple[MutatingWebhook, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""


class ValidatingWebhook(ApiStruct):
    """TODO."""

    admission_review_versions: tuple[str, ...]
    """TODO."""
    client_config: WebhookClientConfig
    """TODO."""
    failure_policy: str | None = None
    """TODO."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    match_policy: str | None = None
    """TODO."""
    name: str
    """Name of the object."""
    namespace_selector: LabelSelector | None = None
    """TODO."""
    object_selector: LabelSelector | None = None
    """TODO."""
    rules: tuple[RuleWithOperations, ...] = ()
    """TODO."""
    side_effects: str
    """TODO."""
    timeout_seconds: Int32 | None = None
    """TODO."""


class ValidatingWebhookConfiguration(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    webhooks: Annotated[tuple[ValidatingWebhook, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""
