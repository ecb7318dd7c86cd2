"""Rules of a HorizontalPodAutoscaler."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.autoscaling.behavior import behavior, default_behavior
from apiserver.strategies.autoscaling.conversion import to_v2
from apiserver.strategies.autoscaling.metrics import metrics
from apiserver.strategies.rules import not_negative
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerSpec,
    MetricSpec,
    MetricTarget,
    ResourceMetricSource,
)
from knarr.api.autoscaling.horizontal_pod_autoscaler_v1 import HorizontalPodAutoscalerV1
from knarr.api.field_errors import FieldError, broken_names, forbidden, invalid, required
from knarr.api.printing.autoscaling import horizontal_pod_autoscaler_row

CPU_UTILIZATION_PERCENT = 80
"""What a pod may use of the CPU it asked for when nobody says."""


class HorizontalPodAutoscalerRules(Strategy[HorizontalPodAutoscaler]):
    """What holds for a HorizontalPodAutoscaler."""

    has_generation = False

    def default(self, obj: HorizontalPodAutoscaler) -> HorizontalPodAutoscaler:
        """Fill in the least replicas, the CPU metric and how fast to scale."""
        spec = obj.spec
        defaulted = replace(
            spec,
            min_replicas=1 if spec.min_replicas is None else spec.min_replicas,
            metrics=spec.metrics or (_cpu_metric(),),
            behavior=default_behavior(spec.behavior),
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: HorizontalPodAutoscaler) -> Iterable[FieldError]:
        """The rules of every HorizontalPodAutoscaler."""
        return _spec(obj.spec, "spec")

    def validate_status_update(
        self, obj: HorizontalPodAutoscaler, old: HorizontalPodAutoscaler
    ) -> Iterable[FieldError]:
        """Counts are not negative."""
        status = obj.status
        yield from not_negative(status.current_replicas, "status.currentReplicas")
        yield from not_negative(status.desired_replicas, "status.desiredReplicas")

    def row(
        self, obj: HorizontalPodAutoscaler | HorizontalPodAutoscalerV1, now: datetime
    ) -> Sequence[Any]:
        """Name, reference, targets, least, most, replicas, age."""
        if isinstance(obj, HorizontalPodAutoscalerV1):
            obj = to_v2(obj)
        return horizontal_pod_autoscaler_row(obj, now)


def _cpu_metric() -> MetricSpec:
    target = MetricTarget(type="Utilization", average_utilization=CPU_UTILIZATION_PERCENT)
    return MetricSpec(type="Resource", resource=ResourceMetricSource(name="cpu", target=target))


def _spec(spec: HorizontalPodAutoscalerSpec, path: str) -> Iterator[FieldError]:
    least, most = spec.min_replicas, spec.max_replicas
    if least is not None and least < 1:
        yield invalid(f"{path}.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield required(f"{path}.maxReplicas", "must be set and greater than 0")
    if least is not None and most < least:
        yield invalid(f"{path}.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    yield from scale_target(spec.scale_target_ref, f"{path}.scaleTargetRef")
    yield from metrics(spec.metrics, f"{path}.metrics")
    if least == 0 and not any(each.type in ("Object", "External") for each in spec.metrics):
        yield forbidden(
            f"{path}.metrics",
            "must specify at least one Object or External metric to support scaling to zero "
            "replicas",
        )
    yield from behavior(spec.behavior, f"{path}.behavior")


def scale_target(reference: CrossVersionObjectReference, path: str) -> Iterator[FieldError]:
    """What is scaled: an object of a group, since nothing of core but one can be."""
    yield from object_reference(reference, path)
    yield from _api_version(reference, f"{path}.apiVersion")


def object_reference(reference: CrossVersionObjectReference, path: str) -> Iterator[FieldError]:
    """Kind and name are there and fit into a path."""
    for value, name in ((reference.kind, "kind"), (reference.name, "name")):
        if not value:
            yield required(f"{path}.{name}")
        else:
            yield from broken_names(f"{path}.{name}", value, names.path_segment(value))


def _api_version(reference: CrossVersionObjectReference, path: str) -> Iterator[FieldError]:
    version = reference.api_version
    group, slash, _ = version.partition("/")
    if version.count("/") > 1:
        yield invalid(path, version, f"unexpected GroupVersion string: {version}")
    elif not (slash and group) and reference.kind != "ReplicationController":
        yield invalid(path, version, "apiVersion must specify API group")
