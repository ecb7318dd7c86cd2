"""Table lines of autoscaling."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    MetricSpec,
    MetricStatus,
    MetricTarget,
    MetricValueStatus,
)
from knarr.api.printing.cells import NONE, UNKNOWN, UNSET, age, some

METRICS_SHOWN_MAX = 2


def horizontal_pod_autoscaler_row(
    autoscaler: HorizontalPodAutoscaler, now: datetime
) -> Sequence[Any]:
    """Name, reference, targets, least, most, replicas, age."""
    spec, status = autoscaler.spec, autoscaler.status
    current = status.current_metrics or ()
    targets = [
        _target(metric, current[i] if i < len(current) else None)
        for i, metric in enumerate(spec.metrics)
    ]
    return [
        autoscaler.metadata.name,
        f"{spec.scale_target_ref.kind}/{spec.scale_target_ref.name}",
        some(targets, at_most=METRICS_SHOWN_MAX, empty=NONE, between=", "),
        UNSET if spec.min_replicas is None else str(spec.min_replicas),
        spec.max_replicas,
        status.current_replicas,
        age(autoscaler.metadata, now),
    ]


def _target(metric: MetricSpec, status: MetricStatus | None) -> str:
    for name in ("external", "pods", "object", "resource", "container_resource"):
        source = getattr(metric, name)
        if source is not None:
            found = getattr(status, name, None)
            current = found.current if found is not None else None
            label = getattr(source, "name", "")
            return _words(source.target, current, label, per_pod=name in ("external", "object"))
    return "<unknown type>"


def _words(
    target: MetricTarget, current: MetricValueStatus | None, label: str, *, per_pod: bool
) -> str:
    if target.average_value is not None:
        seen = current.average_value if current is not None else None
        words = f"{UNKNOWN if seen is None else seen}/{target.average_value}"
        words += " (avg)" if per_pod else ""
    elif target.value is not None and not label:
        seen = current.value if current is not None else None
        words = f"{UNKNOWN if seen is None else seen}/{target.value}"
    else:
        used = current.average_utilization if current is not None else None
        wanted = target.average_utilization
        words = (
            f"{UNKNOWN if used is None else f'{used}%'}/"
            f"{'<auto>' if wanted is None else f'{wanted}%'}"
        )
    return f"{label}: {words}" if label else words
