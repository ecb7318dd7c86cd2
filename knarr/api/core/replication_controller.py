"""The types of replication controller in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, Atomic, Defaulted, ListMap, PatchMerge, written


class ReplicationControllerSpec(ApiStruct):
    """How many pods there should be, and what each looks like."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    replicas: Annotated[Int32 | None, Defaulted(1)] = None
    """Number of pods."""
    selector: Annotated[Mapping[str, str], Atomic()] = {}
    """Labels by which its pods are known; those of the template when absent."""
    template: PodTemplateSpec | None = None
    """What the pods look like."""


class ReplicationControllerCondition(ApiStruct):
    """One thing about how a ReplicationController is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """What the condition says: ReplicaFailure."""
    status: str
    """What was observed last."""


class ReplicationControllerStatus(ApiStruct):
    """The most recently observed state."""

    available_replicas: Int32 = 0
    """Number of pods that have been ready for minReadySeconds."""
    conditions: Annotated[
        tuple[ReplicationControllerCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""
    fully_labeled_replicas: Int32 = 0
    """Number of pods that carry all labels of the template."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    ready_replicas: Int32 = 0
    """Number of pods that are ready."""
    replicas: Int32
    """Number of pods."""


class ReplicationController(ApiStruct):
    """Keeps a number of like pods; ReplicaSet took its place."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ReplicationControllerSpec = ReplicationControllerSpec()
    """What is wanted."""
    status: ReplicationControllerStatus = ReplicationControllerStatus(replicas=0)
    """What was observed last."""
