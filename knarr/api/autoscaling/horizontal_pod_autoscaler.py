"""The types of horizontal pod autoscaler in autoscaling."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class MetricTarget(ApiStruct):
    """TODO."""

    average_utilization: Int32 | None = None
    """TODO."""
    average_value: Quantity | None = None
    """TODO."""
    type: str
    """TODO."""
    value: Quantity | None = None
    """TODO."""


class ContainerResourceMetricSource(ApiStruct):
    """TODO."""

    container: str
    """TODO."""
    name: str
    """Name of the object."""
    target: MetricTarget
    """TODO."""


class MetricValueStatus(ApiStruct):
    """TODO."""

    average_utilization: Int32 | None = None
    """TODO."""
    average_value: Quantity | None = None
    """TODO."""
    value: Quantity | None = None
    """TODO."""


class ContainerResourceMetricStatus(ApiStruct):
    """TODO."""

    container: str
    """TODO."""
    current: MetricValueStatus
    """TODO."""
    name: str
    """Name of the object."""


class CrossVersionObjectReference(ApiStruct):
    """TODO."""

    api_version: str = ""
    """TODO."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class MetricIdentifier(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""
    selector: LabelSelector | None = None
    """TODO."""


class ExternalMetricSource(ApiStruct):
    """TODO."""

    metric: MetricIdentifier
    """TODO."""
    target: MetricTarget
    """TODO."""


class ExternalMetricStatus(ApiStruct):
    """TODO."""

    current: MetricValueStatus
    """TODO."""
    metric: MetricIdentifier
    """TODO."""


class HPAScalingPolicy(ApiStruct):
    """TODO."""

    period_seconds: Int32
    """TODO."""
    type: str
    """TODO."""
    value: Int32
    """TODO."""


class HPAScalingRules(ApiStruct):
    """TODO."""

    policies: tuple[HPAScalingPolicy, ...] = ()
    """TODO."""
    select_policy: str | None = None
    """TODO."""
    stabilization_window_seconds: Int32 | None = None
    """TODO."""
    tolerance: Quantity | None = None
    """TODO."""


class HorizontalPodAutoscalerBehavior(ApiStruct):
    """TODO."""

    scale_down: HPAScalingRules | None = None
    """TODO."""
    scale_up: HPAScalingRules | None = None
    """TODO."""


class ObjectMetricSource(ApiStruct):
    """TODO."""

    described_object: CrossVersionObjectReference
    """TODO."""
    metric: MetricIdentifier
    """TODO."""
    target: MetricTarget
    """TODO."""


class PodsMetricSource(ApiStruct):
    """TODO."""

    metric: MetricIdentifier
    """TODO."""
    target: MetricTarget
    """TODO."""


class ResourceMetricSource(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""
    target: MetricTarget
    """TODO."""


class MetricSpec(ApiStruct):
    """TODO."""

    container_resource: ContainerResourceMetricSource | None = None
    """TODO."""
    external: ExternalMetricSource | None = None
    """TODO."""
    object: ObjectMetricSource | None = None
    """TODO."""
    pods: PodsMetricSource | None = None
    """TODO."""
    resource: ResourceMetricSource | None = None
    """TODO."""
    type: str
    """TODO."""


class HorizontalPodAutoscalerSpec(ApiStruct):
    """TODO."""

    behavior: HorizontalPodAutoscalerBehavior | None = None
    """TODO."""
    max_replicas: Int32
    """TODO."""
    metrics: tuple[MetricSpec, ...] = ()
    """TODO."""
    min_replicas: Int32 | None = None
    """TODO."""
    scale_target_ref: CrossVersionObjectReference
    """TODO."""


class HorizontalPodAutoscalerCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class ObjectMetricStatus(ApiStruct):
    """TODO."""

    current: MetricValueStatus
    """TODO."""
    described_object: CrossVersionObjectReference
    """TODO."""
    metric: MetricIdentifier
    """TODO."""


class PodsMetricStatus(ApiStruct):
    """TODO."""

    current: MetricValueStatus
    """TODO."""
    metric: MetricIdentifier
    """TODO."""


class ResourceMetricStatus(ApiStruct):
    """TODO."""

    current: MetricValueStatus
    """TODO."""
    name: str
    """Name of the object."""


class MetricStatus(ApiStruct):
    """TODO."""

    container_resource: ContainerResourceMetricStatus | None = None
    """TODO."""
    external: ExternalMetricStatus | None = None
    """TODO."""
    object: ObjectMetricStatus | None = None
    """TODO."""
    pods: PodsMetricStatus | None = None
    """TODO."""
    resource: ResourceMetricStatus | None = None
    """TODO."""
    type: str
    """TODO."""


class HorizontalPodAutoscalerStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[
        tuple[HorizontalPodAutoscalerCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""
    current_metrics: tuple[MetricStatus, ...] = ()
    """TODO."""
    current_replicas: Int32 = 0
    """TODO."""
    desired_replicas: Int32
    """TODO."""
    last_scale_time: Time | None = None
    """TODO."""
    observed_generation: int | None = None
    """The generation of the spec that this tells of."""


class HorizontalPodAutoscaler(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: HorizontalPodAutoscalerSpec
    """What is wanted."""
    status: HorizontalPodAutoscalerStatus = HorizontalPodAutoscalerStatus(desired_replicas=0)
    """What was observed last."""
