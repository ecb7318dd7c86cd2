"""TODO."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge, written


class FlowDistinguisherMethod(ApiStruct):
    """TODO."""

    type: str
    """TODO."""


class NonResourcePolicyRule(ApiStruct):
    """TODO."""

    non_resource_urls: Annotated[tuple[str, ...], ListSet()]
    """TODO."""
    verbs: Annotated[tuple[str, ...], ListSet()]
    """TODO."""


class ResourcePolicyRule(ApiStruct):
    """TODO."""

    api_groups: Annotated[tuple[str, ...], ListSet()]
    """TODO."""
    cluster_scope: bool = False
    """TODO."""
    namespaces: Annotated[tuple[str, ...], ListSet()] = ()
    """TODO."""
    resources: Annotated[tuple[str, ...], ListSet()]
    """TODO."""
    verbs: Annotated[tuple[str, ...], ListSet()]
    """TODO."""


class GroupSubject(ApiStruct):
    """TODO."""

    name: str
    """TODO."""


class ServiceAccountSubject(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    namespace: str
    """TODO."""


class UserSubject(ApiStruct):
    """TODO."""

    name: str
    """TODO."""


class Subject(ApiStruct):
    """TODO."""

    group: GroupSubject | None = None
    """TODO."""
    kind: str
    """TODO."""
    service_account: ServiceAccountSubject | None = None
    """TODO."""
    user: UserSubject | None = None
    """TODO."""


class PolicyRulesWithSubjects(ApiStruct):
    """TODO."""

    non_resource_rules: tuple[NonResourcePolicyRule, ...] = ()
    """TODO."""
    resource_rules: tuple[ResourcePolicyRule, ...] = ()
    """TODO."""
    subjects: tuple[Subject, ...]
    """TODO."""


class PriorityLevelConfigurationReference(ApiStruct):
    """TODO."""

    name: str
    """TODO."""


class FlowSchemaSpec(ApiStruct):
    """TODO."""

    distinguisher_method: FlowDistinguisherMethod | None = None
    """TODO."""
    matching_precedence: Int32 = 0
    """TODO."""
    priority_level_configuration: PriorityLevelConfigurationReference
    """TODO."""
    rules: tuple[PolicyRulesWithSubjects, ...] = ()
    """TODO."""


class FlowSchemaCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str = ""
    """TODO."""
    status: str = ""
    """TODO."""


class FlowSchemaStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[FlowSchemaCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""


class FlowSchema(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: FlowSchemaSpec = FlowSchemaSpec(
        priority_level_configuration=PriorityLevelConfigurationReference(name="")
    )
    """TODO."""
    status: FlowSchemaStatus = FlowSchemaStatus()
    """TODO."""
