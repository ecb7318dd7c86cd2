"""The types of replica set in apps."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ReplicaSetSpec(ApiStruct):
    """How many pods there should be, and what each looks like."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    replicas: Int32 | None = None
    """Number of pods."""
    selector: LabelSelector | None
    """Labels by which its pods are known; cannot be changed."""
    template: PodTemplateSpec = PodTemplateSpec()
    """What the pods look like."""


class ReplicaSetCondition(ApiStruct):
    """One thing about how a ReplicaSet is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """ReplicaFailure."""
    status: str
    """What was observed last."""


class ReplicaSetStatus(ApiStruct):
    """The most recently observed state."""

    available_replicas: Int32 = 0
    """Number of pods that have been ready for minReadySeconds."""
    conditions: Annotated[tuple[ReplicaSetCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    fully_labeled_replicas: Int32 = 0
    """Number of pods that carry all labels of the template."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    ready_replicas: Int32 = 0
    """Number of pods that are ready."""
    replicas: Int32
    """Number of pods."""
    terminating_replicas: Int32 | None = None
    """Number of pods that are being deleted."""


class ReplicaSet(ApiStruct):
    """Keeps a number of like pods."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ReplicaSetSpec = ReplicaSetSpec(selector=None)
    """What is wanted."""
    status: ReplicaSetStatus = ReplicaSetStatus(replicas=0)
    """What was observed last."""
