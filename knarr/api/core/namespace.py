"""The types of namespace in core/v1."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class NamespaceSpec(ApiStruct):
    """What a namespace waits for before it goes."""

    finalizers: tuple[str, ...] = ()
    """Those who clean up before the namespace goes; `kubernetes` empties it."""


class NamespaceCondition(ApiStruct):
    """How far the end of a namespace has come."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """What the condition says, such as NamespaceDeletionContentFailure."""
    status: str
    """What was observed last."""


class NamespaceStatus(ApiStruct):
    """How a namespace is."""

    conditions: Annotated[tuple[NamespaceCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    phase: str = ""
    """Active, or Terminating while it is emptied."""


class Namespace(ApiStruct):
    """A room for names: most objects live in one."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: NamespaceSpec = NamespaceSpec()
    """What is wanted."""
    status: NamespaceStatus = NamespaceStatus()
    """What was observed last."""
