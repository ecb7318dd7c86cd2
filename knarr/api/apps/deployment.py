"""The types of deployment in apps."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, PatchRetainKeys, written


class RollingUpdateDeployment(ApiStruct):
    """How fast pods are replaced."""

    max_surge: IntOrString | None = None
    """How many pods more than wanted there may be meanwhile, as number or percentage.

    The server fills in 25%.
    """
    max_unavailable: IntOrString | None = None
    """How many pods fewer than wanted may be available meanwhile, as number or percentage.

    The server fills in 25%.
    """


class DeploymentStrategy(ApiStruct):
    """How pods are replaced when the template changes."""

    rolling_update: RollingUpdateDeployment | None = None
    """How fast, for RollingUpdate."""
    type: str = ""
    """RollingUpdate, or Recreate to end all old pods first. The server fills in RollingUpdate."""


class DeploymentSpec(ApiStruct):
    """How many pods there should be, what they look like, and how they are replaced."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    paused: bool = False
    """Whether changes of the template wait."""
    progress_deadline_seconds: Int32 | None = None
    """Seconds without progress after which a rollout counts as failed. The server fills in 600."""
    replicas: Int32 | None = None
    """Number of pods."""
    revision_history_limit: Int32 | None = None
    """How many old ReplicaSets are kept for going back. The server fills in 10."""
    selector: LabelSelector | None
    """Labels by which its pods are known; cannot be changed."""
    strategy: Annotated[DeploymentStrategy, PatchRetainKeys()] = DeploymentStrategy()
    """How pods are replaced when the template changes."""
    template: PodTemplateSpec
    """What the pods look like."""


class DeploymentCondition(ApiStruct):
    """One thing about how a Deployment is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    last_update_time: Time | None = written(default=None)
    """Moment the condition was last confirmed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """Available, Progressing or ReplicaFailure."""
    status: str
    """What was observed last."""


class DeploymentStatus(ApiStruct):
    """The most recently observed state."""

    available_replicas: Int32 = 0
    """Number of pods that have been ready for minReadySeconds."""
    collision_count: Int32 | None = None
    """How often the name of a ReplicaSet was taken already."""
    conditions: Annotated[tuple[DeploymentCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    ready_replicas: Int32 = 0
    """Number of pods that are ready."""
    replicas: Int32 = 0
    """Number of pods."""
    terminating_replicas: Int32 | None = None
    """Number of pods that are being deleted."""
    unavailable_replicas: Int32 = 0
    """Number of pods still missing until all wanted ones are available."""
    updated_replicas: Int32 = 0
    """Number of pods of the newest template."""


class Deployment(ApiStruct):
    """Keeps a number of like pods and replaces them step by step when they change."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: DeploymentSpec = DeploymentSpec(selector=None, template=PodTemplateSpec())
    """What is wanted."""
    status: DeploymentStatus = DeploymentStatus()
    """What was observed last."""
