"""The types of pod disruption budget in policy."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class PodDisruptionBudgetSpec(ApiStruct):
    """TODO."""

    max_unavailable: IntOrString | None = None
    """TODO."""
    min_available: IntOrString | None = None
    """TODO."""
    selector: LabelSelector | None = None
    """TODO."""
    unhealthy_pod_eviction_policy: str | None = None
    """TODO."""


class PodDisruptionBudgetStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    current_healthy: Int32 = 0
    """TODO."""
    desired_healthy: Int32 = 0
    """TODO."""
    disrupted_pods: Mapping[str, Time] = {}
    """TODO."""
    disruptions_allowed: Int32 = 0
    """TODO."""
    expected_pods: Int32 = 0
    """TODO."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""


class PodDisruptionBudget(ApiStruct):
    """TODO."""

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
