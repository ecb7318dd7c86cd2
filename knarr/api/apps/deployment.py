"""The types of deployment in apps."""

from typing import Annotated

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, PatchRetainKeys, written


class RollingUpdateDeployment(ApiStruct):
    """TODO."""

    max_surge: IntOrString | None = None
    """TODO."""
    max_unavailable: IntOrString | None = None
    """TODO."""


class DeploymentStrategy(ApiStruct):
    """TODO."""

    rolling_update: RollingUpdateDeployment | None = None
    """TODO."""
    type: str = ""
    """TODO."""


class DeploymentSpec(ApiStruct):
    """TODO."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    paused: bool = False
    """TODO."""
    progress_deadline_seconds: Int32 | None = None
    """TODO."""
    replicas: Int32 | None = None
    """Number of pods."""
    revision_history_limit: Int32 | None = None
    """TODO."""
    selector: LabelSelector | None
    """TODO."""
    strategy: Annotated[DeploymentStrategy, PatchRetainKeys()] = DeploymentStrategy()
    """TODO."""
    template: PodTemplateSpec
    """What the pods look like."""


class DeploymentCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    last_update_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class DeploymentStatus(ApiStruct):
    """TODO."""

    available_replicas: Int32 = 0
    """Number of pods that have been ready for minReadySeconds."""
    collision_count: Int32 | None = None
    """TODO."""
    conditions: Annotated[tuple[DeploymentCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    ready_replicas: Int32 = 0
    """Number of pods that are ready."""
    replicas: Int32 = 0
    """Number of pods."""
    terminating_replicas: Int32 | None = None
    """TODO."""
    unavailable_replicas: Int32 = 0
    """TODO."""
    updated_replicas: Int32 = 0
    """TODO."""


class Deployment(ApiStruct):
    """TODO."""

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
