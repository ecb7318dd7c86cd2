"""TODO."""

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
    """TODO."""
    paused: bool = False
    """TODO."""
    progress_deadline_seconds: Int32 | None = None
    """TODO."""
    replicas: Int32 | None = None
    """TODO."""
    revision_history_limit: Int32 | None = None
    """TODO."""
    selector: LabelSelector | None
    """TODO."""
    strategy: Annotated[DeploymentStrategy, PatchRetainKeys()] = DeploymentStrategy()
    """TODO."""
    template: PodTemplateSpec
    """TODO."""


class DeploymentCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """TODO."""
    last_update_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class DeploymentStatus(ApiStruct):
    """TODO."""

    available_replicas: Int32 = 0
    """TODO."""
    collision_count: Int32 | None = None
    """TODO."""
    conditions: Annotated[tuple[DeploymentCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    ready_replicas: Int32 = 0
    """TODO."""
    replicas: Int32 = 0
    """TODO."""
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
    """TODO."""
    spec: DeploymentSpec = DeploymentSpec(selector=None, template=PodTemplateSpec())
    """TODO."""
    status: DeploymentStatus = DeploymentStatus()
    """TODO."""
