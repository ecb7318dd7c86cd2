"""The types of flow schema in flowcontrol."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge, written


class FlowDistinguisherMethod(ApiStruct):
    """How requests of one schema are told apart into flows."""

    type: str
    """ByUser or ByNamespace."""


class NonResourcePolicyRule(ApiStruct):
    """Requests for what is no resource."""

    non_resource_urls: Annotated[tuple[str, ...], ListSet()]
    """Paths; a * at the end stands for anything."""
    verbs: Annotated[tuple[str, ...], ListSet()]
    """Verbs; * for all."""


class ResourcePolicyRule(ApiStruct):
    """Requests for resources."""

    api_groups: Annotated[tuple[str, ...], ListSet()]
    """Groups; * for all."""
    cluster_scope: bool = False
    """Whether requests without a namespace are meant too."""
    namespaces: Annotated[tuple[str, ...], ListSet()] = ()
    """Namespaces; * for all."""
    resources: Annotated[tuple[str, ...], ListSet()]
    """Resources; * for all."""
    verbs: Annotated[tuple[str, ...], ListSet()]
    """Verbs; * for all."""


class GroupSubject(ApiStruct):
    """A group of users."""

    name: str
    """Name of the object."""


class ServiceAccountSubject(ApiStruct):
    """A service account."""

    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""


class UserSubject(ApiStruct):
    """A user."""

    name: str
    """Name of the object."""


class Subject(ApiStruct):
    """Who is given rights."""

    group: GroupSubject | None = None
    """A group of users."""
    kind: str
    """Kind of the object."""
    service_account: ServiceAccountSubject | None = None
    """A service account."""
    user: UserSubject | None = None
    """A user."""


class PolicyRulesWithSubjects(ApiStruct):
    """Requests of certain users."""

    non_resource_rules: tuple[NonResourcePolicyRule, ...] = ()
    """Requests for what is no resource."""
    resource_rules: tuple[ResourcePolicyRule, ...] = ()
    """Requests for resources."""
    subjects: tuple[Subject, ...]
    """Users, groups and service accounts."""


class PriorityLevelConfigurationReference(ApiStruct):
    """A priority level."""

    name: str
    """Name of the object."""


class FlowSchemaSpec(ApiStruct):
    """Which requests belong to a priority level."""

    distinguisher_method: FlowDistinguisherMethod | None = None
    """How they are told apart into flows."""
    matching_precedence: Int32 = 0
    """The smaller, the earlier it is tried."""
    priority_level_configuration: PriorityLevelConfigurationReference
    """The level."""
    rules: tuple[PolicyRulesWithSubjects, ...] = ()
    """The requests."""


class FlowSchemaCondition(ApiStruct):
    """One thing about how a schema is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str = ""
    """Dangling."""
    status: str = ""
    """What was observed last."""


class FlowSchemaStatus(ApiStruct):
    """How a schema is."""

    conditions: Annotated[tuple[FlowSchemaCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""


class FlowSchema(ApiStruct):
    """Sorts requests into a priority level."""

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
