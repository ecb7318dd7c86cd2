"""The types of horizontal pod autoscaler in autoscaling."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class MetricTarget(ApiStruct):
    """Value that a metric shall have."""

    average_utilization: Int32 | None = None
    """Percentage of what the pods ask for, on average."""
    average_value: Quantity | None = None
    """Value per pod, on average."""
    type: str
    """Utilization, Value or AverageValue."""
    value: Quantity | None = None
    """Value in all."""


class ContainerResourceMetricSource(ApiStruct):
    """A resource of one container, over all pods."""

    container: str
    """Container that is meant."""
    name: str
    """Name of the object."""
    target: MetricTarget
    """Value it shall have."""


class MetricValueStatus(ApiStruct):
    """Value that a metric has."""

    average_utilization: Int32 | None = None
    """Percentage of what the pods ask for, on average."""
    average_value: Quantity | None = None
    """Value per pod, on average."""
    value: Quantity | None = None
    """Value in all."""


class ContainerResourceMetricStatus(ApiStruct):
    """A resource of one container, as observed."""

    container: str
    """Container that is meant."""
    current: MetricValueStatus
    """Value it has."""
    name: str
    """Name of the object."""


class CrossVersionObjectReference(ApiStruct):
    """An object that can be scaled."""

    api_version: str = ""
    """Group and version of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class MetricIdentifier(ApiStruct):
    """Which metric is meant."""

    name: str
    """Name of the object."""
    selector: LabelSelector | None = None
    """Chooses among series of the metric by their labels."""


class ExternalMetricSource(ApiStruct):
    """A metric from outside the cluster."""

    metric: MetricIdentifier
    """Which metric."""
    target: MetricTarget
    """Value it shall have."""


class ExternalMetricStatus(ApiStruct):
    """A metric from outside the cluster, as observed."""

    current: MetricValueStatus
    """Value it has."""
    metric: MetricIdentifier
    """Which metric."""


class HPAScalingPolicy(ApiStruct):
    """A bound on how fast the number changes."""

    period_seconds: Int32
    """Seconds over which the change is counted."""
    type: str
    """Pods or Percent."""
    value: Int32
    """Most pods, or most percent, by which it may change."""


class HPAScalingRules(ApiStruct):
    """How fast the number changes in one direction."""

    policies: tuple[HPAScalingPolicy, ...] | None = None
    """The bounds."""
    select_policy: str | None = None
    """Max, Min or Disabled: which bound counts."""
    stabilization_window_seconds: Int32 | None = None
    """Seconds looked back at, so that the number does not go up and down."""
    tolerance: Quantity | None = None
    """How far off a metric may be before anything is done."""


class HorizontalPodAutoscalerBehavior(ApiStruct):
    """How fast the number changes."""

    scale_down: HPAScalingRules | None = None
    """Downwards."""
    scale_up: HPAScalingRules | None = None
    """Upwards."""


class ObjectMetricSource(ApiStruct):
    """A metric of one object."""

    described_object: CrossVersionObjectReference
    """The object."""
    metric: MetricIdentifier
    """Which metric."""
    target: MetricTarget
    """Value it shall have."""


class PodsMetricSource(ApiStruct):
    """A metric of each pod."""

    metric: MetricIdentifier
    """Which metric."""
    target: MetricTarget
    """Value it shall have."""


class ResourceMetricSource(ApiStruct):
    """A resource, over all pods."""

    name: str
    """Name of the object."""
    target: MetricTarget
    """Value it shall have."""


class MetricSpec(ApiStruct):
    """One metric and the value it shall have; the field named by `type` is set."""

    container_resource: ContainerResourceMetricSource | None = None
    """Resource of one container."""
    external: ExternalMetricSource | None = None
    """Metric from outside the cluster."""
    object: ObjectMetricSource | None = None
    """Metric of one object."""
    pods: PodsMetricSource | None = None
    """Metric of each pod."""
    resource: ResourceMetricSource | None = None
    """Resource of all containers."""
    type: str
    """Resource, ContainerResource, Pods, Object or External."""


class HorizontalPodAutoscalerSpec(ApiStruct):
    """What is scaled, between which bounds, by which metrics."""

    behavior: HorizontalPodAutoscalerBehavior | None = None
    """How fast the number changes."""
    max_replicas: Int32
    """Most pods."""
    metrics: tuple[MetricSpec, ...] = ()
    """Metrics; the one that asks for most pods counts."""
    min_replicas: Int32 | None = None
    """Fewest pods. The server fills in 1."""
    scale_target_ref: CrossVersionObjectReference
    """What is scaled."""


class HorizontalPodAutoscalerCondition(ApiStruct):
    """One thing about how an autoscaler is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """ScalingActive, AbleToScale or ScalingLimited."""
    status: str
    """What was observed last."""


class ObjectMetricStatus(ApiStruct):
    """A metric of one object, as observed."""

    current: MetricValueStatus
    """Value it has."""
    described_object: CrossVersionObjectReference
    """The object."""
    metric: MetricIdentifier
    """Which metric."""


class PodsMetricStatus(ApiStruct):
    """A metric of each pod, as observed."""

    current: MetricValueStatus
    """Value it has."""
    metric: MetricIdentifier
    """Which metric."""


class ResourceMetricStatus(ApiStruct):
    """A resource over all pods, as observed."""

    current: MetricValueStatus
    """Value it has."""
    name: str
    """Name of the object."""


class MetricStatus(ApiStruct):
    """One metric as observed; the field named by `type` is set."""

    container_resource: ContainerResourceMetricStatus | None = None
    """Resource of one container."""
    external: ExternalMetricStatus | None = None
    """Metric from outside the cluster."""
    object: ObjectMetricStatus | None = None
    """Metric of one object."""
    pods: PodsMetricStatus | None = None
    """Metric of each pod."""
    resource: ResourceMetricStatus | None = None
    """Resource of all containers."""
    type: str
    """Resource, ContainerResource, Pods, Object or External."""


class HorizontalPodAutoscalerStatus(ApiStruct):
    """The most recently observed state."""

    conditions: Annotated[
        tuple[HorizontalPodAutoscalerCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""
    current_metrics: tuple[MetricStatus, ...] | None = written(default=None)
    """The metrics as last seen."""
    current_replicas: Int32 = 0
    """Number of pods as last seen."""
    desired_replicas: Int32
    """Number of pods that was computed."""
    last_scale_time: Time | None = None
    """Moment the number was last changed."""
    observed_generation: int | None = None
    """The generation of the spec that this tells of."""


class HorizontalPodAutoscaler(ApiStruct):
    """Changes the number of pods with the load."""

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
