"""The two versions of a HorizontalPodAutoscaler, made of each other.

autoscaling/v1 knows one CPU target; what else v2 says travels in annotations,
so that nothing is lost on the way there and back.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from apiserver.strategies.autoscaling.old_metrics import metric_from_old, metric_to_old
from knarr.api import codec
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior,
    HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
    ResourceMetricSource,
    ResourceMetricStatus,
)
from knarr.api.autoscaling.horizontal_pod_autoscaler_v1 import (
    CrossVersionObjectReferenceV1,
    HorizontalPodAutoscalerSpecV1,
    HorizontalPodAutoscalerStatusV1,
    HorizontalPodAutoscalerV1,
)
from knarr.api.structs import ApiStruct

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"
CARRIED = (METRICS, CURRENT_METRICS, CONDITIONS, BEHAVIOR)

T = TypeVar("T", bound=ApiStruct)


def to_v1(autoscaler: HorizontalPodAutoscaler) -> HorizontalPodAutoscalerV1:
    """The form of autoscaling/v1, with annotations for what it has no fields for."""
    spec, status, meta = autoscaler.spec, autoscaler.status, autoscaler.metadata
    cpu = next((each for each in spec.metrics if _is_cpu(each)), None)
    rest = [each for each in spec.metrics if each is not cpu]
    annotations = {**_without_carried(meta.annotations), **_carried(autoscaler, rest)}
    target = spec.scale_target_ref
    return HorizontalPodAutoscalerV1(
        metadata=msgspec.structs.replace(meta, annotations=annotations),
        spec=HorizontalPodAutoscalerSpecV1(
            scale_target_ref=CrossVersionObjectReferenceV1(
                kind=target.kind, name=target.name, api_version=target.api_version
            ),
            min_replicas=spec.min_replicas,
            max_replicas=spec.max_replicas,
            target_cpu_utilization_percentage=_utilization(cpu),
        ),
        status=HorizontalPodAutoscalerStatusV1(
            observed_generation=status.observed_generation,
            last_scale_time=status.last_scale_time,
            current_replicas=status.current_replicas,
            desired_replicas=status.desired_replicas,
            current_cpu_utilization_percentage=_current_cpu(status.current_metrics or ()),
        ),
    )


def to_v2(old: HorizontalPodAutoscalerV1) -> HorizontalPodAutoscaler:
    """The form of autoscaling/v2, from fields and annotations."""
    spec, status, meta = old.spec, old.status, old.metadata
    target = spec.scale_target_ref
    return HorizontalPodAutoscaler(
        metadata=msgspec.structs.replace(meta, annotations=_without_carried(meta.annotations)),
        spec=HorizontalPodAutoscalerSpec(
            scale_target_ref=CrossVersionObjectReference(
                kind=target.kind, name=target.name, api_version=target.api_version
            ),
            min_replicas=spec.min_replicas,
            max_replicas=spec.max_replicas,
            metrics=_metrics(spec.target_cpu_utilization_percentage, meta.annotations),
            behavior=_behavior(meta.annotations),
        ),
        status=HorizontalPodAutoscalerStatus(
            observed_generation=status.observed_generation,
            last_scale_time=status.last_scale_time,
            current_replicas=status.current_replicas,
            desired_replicas=status.desired_replicas,
            current_metrics=_current_metrics(
                status.current_cpu_utilization_percentage, meta.annotations
            )
            or None,
            conditions=_all_of(HorizontalPodAutoscalerCondition, meta.annotations.get(CONDITIONS)),
        ),
    )


def _is_cpu(metric: MetricSpec) -> bool:
    return (
        metric.resource is not None
        and metric.resource.name == "cpu"
        and metric.resource.target.average_utilization is not None
    )


def _utilization(metric: MetricSpec | None) -> int | None:
    if metric is None or metric.resource is None:
        return None
    return metric.resource.target.average_utilization


def _current_cpu(metrics: Sequence[MetricStatus]) -> int | None:
    for metric in metrics:
        if metric.resource is not None and metric.resource.name == "cpu":
            return metric.resource.current.average_utilization
    return None


def _without_carried(annotations: Mapping[str, str]) -> Mapping[str, str]:
    if not any(key in annotations for key in CARRIED):
        return annotations
    return {key: value for key, value in annotations.items() if key not in CARRIED}


def _carried(autoscaler: HorizontalPodAutoscaler, rest: Sequence[MetricSpec]) -> dict[str, str]:
    carried: dict[str, str] = {}
    if rest:
        carried[METRICS] = _text([metric_to_old(codec.to_plain(each)) for each in rest])
    if autoscaler.status.current_metrics:
        carried[CURRENT_METRICS] = _text(
            [metric_to_old(codec.to_plain(each)) for each in autoscaler.status.current_metrics]
        )
    if autoscaler.status.conditions:
        carried[CONDITIONS] = _text(autoscaler.status.conditions)
    if autoscaler.spec.behavior is not None:
        carried[BEHAVIOR] = _text(_behavior_words(autoscaler.spec.behavior))
    return carried


def _text(value: Any) -> str:
    return codec.encode(value).decode()


def _behavior_words(behavior: HorizontalPodAutoscalerBehavior) -> dict[str, Any]:
    return {
        name: rules
        and {
            "StabilizationWindowSeconds": rules.stabilization_window_seconds,
            "SelectPolicy": rules.select_policy,
            "Policies": [
                {"Type": each.type, "Value": each.value, "PeriodSeconds": each.period_seconds}
                for each in rules.policies or ()
            ],
            "Tolerance": rules.tolerance,
        }
        for name, rules in (("ScaleUp", behavior.scale_up), ("ScaleDown", behavior.scale_down))
    }


def _metrics(cpu_percent: int | None, annotations: Mapping[str, str]) -> tuple[MetricSpec, ...]:
    carried = _plain(annotations.get(METRICS))
    metrics = _all_of(MetricSpec, [metric_from_old(each) for each in carried])
    if cpu_percent is None:
        return metrics
    target = MetricTarget(type="Utilization", average_utilization=cpu_percent)
    cpu = MetricSpec(type="Resource", resource=ResourceMetricSource(name="cpu", target=target))
    return (cpu, *metrics)


def _current_metrics(
    cpu_percent: int | None, annotations: Mapping[str, str]
) -> tuple[MetricStatus, ...]:
    carried = [metric_from_old(each) for each in _plain(annotations.get(CURRENT_METRICS))]
    metrics = _all_of(MetricStatus, carried)
    if cpu_percent is None or any(
        each.resource is not None and each.resource.name == "cpu" for each in metrics
    ):
        return metrics
    current = MetricValueStatus(average_utilization=cpu_percent)
    cpu = MetricStatus(type="Resource", resource=ResourceMetricStatus(name="cpu", current=current))
    return (*metrics, cpu)


def _behavior(annotations: Mapping[str, str]) -> HorizontalPodAutoscalerBehavior | None:
    words = _plain_object(annotations.get(BEHAVIOR))
    if words is None:
        return None
    try:
        return codec.from_plain(HorizontalPodAutoscalerBehavior, _uncapitalized(words))
    except ValueError:
        return None


def _uncapitalized(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key[:1].lower() + key[1:]: _uncapitalized(each)
            for key, each in value.items()
            if each is not None
        }
    return [_uncapitalized(each) for each in value] if isinstance(value, list) else value


def _plain(text: str | None) -> list[Any]:
    """The list in an annotation; users may write there what they like, so nothing raises."""
    try:
        found = msgspec.json.decode(text or "[]")
    except msgspec.DecodeError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _plain_object(text: str | None) -> dict[str, Any] | None:
    try:
        found = msgspec.json.decode(text or "null")
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _all_of(wanted: type[T], given: Any) -> tuple[T, ...]:
    plain = _plain(given) if isinstance(given, str | None) else given
    found = []
    for each in plain:
        try:
            found.append(codec.from_plain(wanted, each))
        except ValueError:
            continue
    return tuple(found)
