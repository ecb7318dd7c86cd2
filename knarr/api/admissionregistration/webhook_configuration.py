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
    """A program that may change objects on their way in."""

    admission_review_versions: tuple[str, ...]
    """Versions of AdmissionReview it understands."""
    client_config: WebhookClientConfig
    """Where it is reached."""
    failure_policy: str | None = None
    """Fail or Ignore when it does not answer."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """Conditions, as CEL expressions, for asking it."""
    match_policy: str | None = None
    """Exact, or Equivalent to see other versions of the same resource too."""
    name: str
    """Name of the object."""
    namespace_selector: LabelSelector | None = None
    """Chooses namespaces by their labels."""
    object_selector: LabelSelector | None = None
    """Chooses objects by their labels."""
    reinvocation_policy: str | None = None
    """Never, or IfNeeded to ask again when others changed the object."""
    rules: tuple[RuleWithOperations, ...] = ()
    """Requests it is asked about."""
    side_effects: str
    """None or NoneOnDryRun."""
    timeout_seconds: Int32 | None = None
    """Seconds it has to answer. The server fills in 10."""


class MutatingWebhookConfiguration(ApiStruct):
    """Programs that may change objects on their way in."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    webhooks: Annotated[tuple[MutatingWebhook, ...], ListMap("name"), PatchMerge("name")] = ()
    """The programs."""


class ValidatingWebhook(ApiStruct):
    """A program that may refuse objects on their way in."""

    admission_review_versions: tuple[str, ...]
    """Versions of AdmissionReview it understands."""
    client_config: WebhookClientConfig
    """Where it is reached."""
    failure_policy: str | None = None
    """Fail or Ignore when it does not answer."""
    match_conditions: Annotated[
        tuple[MatchCondition, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """Conditions, as CEL expressions, for asking it."""
    match_policy: str | None = None
    """Exact, or Equivalent to see other versions of the same resource too."""
    name: str
    """Name of the object."""
    namespace_selector: LabelSelector | None = None
    """Chooses namespaces by their labels."""
    object_selector: LabelSelector | None = None
    """Chooses objects by their labels."""
    rules: tuple[RuleWithOperations, ...] = ()
    """Requests it is asked about."""
    side_effects: str
    """None or NoneOnDryRun."""
    timeout_seconds: Int32 | None = None
    """Seconds it has to answer. The server fills in 10."""


class ValidatingWebhookConfiguration(ApiStruct):
    """Programs that may refuse objects on their way in."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    webhooks: Annotated[tuple[ValidatingWebhook, ...], ListMap("name"), PatchMerge("name")] = ()
    """The programs."""
