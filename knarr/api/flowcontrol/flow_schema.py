"""The types of flow schema in flowcontrol."""

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
    """Name of the object."""


class ServiceAccountSubject(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""


class UserSubject(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""


class Subject(ApiStruct):
    """TODO."""

    group: GroupSubject | None = None
    """TODO."""
    kind: str
    """Kind of the object."""
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
    """Name of the object."""


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
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str = ""
    """TODO."""
    status: str = ""
    """What was observed last."""


class FlowSchemaStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[FlowSchemaCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""


class FlowSchema(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: FlowSchemaSpec = FlowSchemaSpec(
        priority_level_configuration=PriorityLevelConfigurationReference(name="")
    )
    """What is wanted."""
    status: FlowSchemaStatus = FlowSchemaStatus()
    """What was observed last."""
