"""The types of pod disruption budget in policy."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class PodDisruptionBudgetSpec(ApiStruct):
    """How many pods may be missing on purpose."""

    max_unavailable: IntOrString | None = None
    """Most pods that may be missing, as number or percentage."""
    min_available: IntOrString | None = None
    """Fewest pods that must be there, as number or percentage."""
    selector: LabelSelector | None = None
    """Chooses the pods by their labels."""
    unhealthy_pod_eviction_policy: str | None = None
    """IfHealthyBudget, or AlwaysAllow for pods that are not ready anyway."""


class PodDisruptionBudgetStatus(ApiStruct):
    """How many pods may be missing now."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    current_healthy: Int32 = written(default=0)
    """Pods that are ready."""
    desired_healthy: Int32 = written(default=0)
    """Pods that must be ready."""
    disrupted_pods: Mapping[str, Time] = {}
    """Pods whose eviction was allowed and is not seen yet, with the moment."""
    disruptions_allowed: Int32 = written(default=0)
    """Evictions that are allowed now."""
    expected_pods: Int32 = written(default=0)
    """Pods that are counted."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""


class PodDisruptionBudget(ApiStruct):
    """Bounds how many pods may be missing on purpose at a time."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PodDisruptionBudgetSpec = PodDisruptionBudgetSpec()
    """What is wanted."""
    status: PodDisruptionBudgetStatus = PodDisruptionBudgetStatus()
    """What was observed last."""
