"""Rules of the metrics that a HorizontalPodAutoscaler follows."""

from collections.abc import Iterator, Sequence
from typing import Any

from apiserver.strategies.label_rules import validate_label_selector
from knarr.api import names, quantities
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    ContainerResourceMetricSource,
    CrossVersionObjectReference,
    ExternalMetricSource,
    MetricIdentifier,
    MetricSpec,
    MetricTarget,
    ObjectMetricSource,
    PodsMetricSource,
    ResourceMetricSource,
)
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.scalars import Quantity

SOURCES = {
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
    "External": "external",
    "ContainerResource": "containerResource",
}
TARGET_TYPES = ("Utilization", "Value", "AverageValue")
BOTH = "may not set both a target raw value and a target utilization"
NEITHER = "must set either a target raw value or a target utilization"


def metrics(given: Sequence[MetricSpec], path: str) -> Iterator[FieldError]:
    """Each metric names one source and carries just that."""
    for i, metric in enumerate(given):
        yield from _metric(metric, f"{path}[{i}]")


def _metric(metric: MetricSpec, path: str) -> Iterator[FieldError]:
    if not metric.type:
        yield required(f"{path}.type", "must specify a metric source type")
    if metric.type not in SOURCES:
        yield not_supported(f"{path}.type", metric.type, SOURCES)
    sources: dict[str, Any] = {
        "object": metric.object,
        "pods": metric.pods,
        "resource": metric.resource,
        "external": metric.external,
        "containerResource": metric.container_resource,
    }
    populated = [name for name, source in sources.items() if source is not None]
    for name in populated:
        yield from _source(sources[name], f"{path}.{name}")
    if metric.type in SOURCES:
        yield from _only(SOURCES[metric.type], populated, path)
    else:
        # Kubernetes looks at the type twice and says so twice.
        yield not_supported(f"{path}.type", metric.type, SOURCES)


def _only(wanted: str, populated: Sequence[str], path: str) -> Iterator[FieldError]:
    if wanted not in populated:
        yield required(f"{path}.{wanted}", "must populate information for the given metric source")
    for name in populated:
        if name != wanted:
            yield forbidden(f"{path}.{name}", "must populate the given metric source only")


def _source(source: Any, path: str) -> Iterator[FieldError]:
    match source:
        case ObjectMetricSource():
            yield from _object(source, path)
        case PodsMetricSource():
            yield from _pods(source, path)
        case ResourceMetricSource() | ContainerResourceMetricSource():
            yield from _resource(source, path)
        case ExternalMetricSource():
            yield from _external(source, path)


def _object(source: ObjectMetricSource, path: str) -> Iterator[FieldError]:
    yield from _reference(source.described_object, f"{path}.describedObject")
    yield from _identifier(source.metric, f"{path}.metric")
    yield from _target(source.target, f"{path}.target")
    if source.target.value is None and source.target.average_value is None:
        yield required(
            f"{path}.target.averageValue",
            "must set either a target value for metric or a per-pod target",
        )


def _reference(reference: CrossVersionObjectReference, path: str) -> Iterator[FieldError]:
    for value, name in ((reference.kind, "kind"), (reference.name, "name")):
        if not value:
            yield required(f"{path}.{name}")
        else:
            yield from broken_names(f"{path}.{name}", value, names.path_segment(value))


def _pods(source: PodsMetricSource, path: str) -> Iterator[FieldError]:
    yield from _identifier(source.metric, f"{path}.metric")
    yield from _target(source.target, f"{path}.target")
    if not _is_positive(source.target.average_value):
        yield required(f"{path}.target.averageValue", "must specify a positive target averageValue")


def _resource(
    source: ResourceMetricSource | ContainerResourceMetricSource, path: str
) -> Iterator[FieldError]:
    if not source.name:
        yield required(f"{path}.name", "must specify a resource name")
    if isinstance(source, ContainerResourceMetricSource) and not source.container:
        yield required(f"{path}.container", "must specify a container")
    yield from _target(source.target, f"{path}.target")
    target = source.target
    if target.average_utilization is None and target.average_value is None:
        yield required(f"{path}.target.averageUtilization", NEITHER)
    if target.average_utilization is not None and target.average_value is not None:
        yield forbidden(f"{path}.target.averageValue", BOTH)


def _external(source: ExternalMetricSource, path: str) -> Iterator[FieldError]:
    yield from _identifier(source.metric, f"{path}.metric")
    yield from _target(source.target, f"{path}.target")
    target = source.target
    if target.value is None and target.average_value is None:
        yield required(
            f"{path}.target.averageValue",
            "must set either a target value for metric or a per-pod target",
        )
    if target.value is not None and target.average_value is not None:
        yield forbidden(
            f"{path}.target.value",
            "may not set both a target value for metric and a per-pod target",
        )


def _identifier(identifier: MetricIdentifier, path: str) -> Iterator[FieldError]:
    if not identifier.name:
        yield required(f"{path}.name", "must specify a metric name")
    else:
        yield from broken_names(
            f"{path}.name", identifier.name, names.path_segment(identifier.name)
        )
    yield from validate_label_selector(identifier.selector, f"{path}.selector")


def _target(target: MetricTarget, path: str) -> Iterator[FieldError]:
    if not target.type:
        yield required(f"{path}.type", "must specify a metric target type")
    if target.type not in TARGET_TYPES:
        yield invalid(
            f"{path}.type", target.type, "must be either Utilization, Value, or AverageValue"
        )
    for value, name in ((target.value, "value"), (target.average_value, "averageValue")):
        if value is not None and not _is_positive(value):
            yield invalid(f"{path}.{name}", value, "must be positive")
    utilization = target.average_utilization
    if utilization is not None and utilization < 1:
        yield invalid(f"{path}.averageUtilization", utilization, "must be greater than 0")


def _is_positive(value: Quantity | None) -> bool:
    return value is not None and quantities.compare(value, "0") > 0
