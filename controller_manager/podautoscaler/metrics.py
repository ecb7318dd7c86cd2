"""Where an autoscaler's numbers come from."""

from collections.abc import Mapping
from typing import Protocol

from knarr.api.meta.selector import LabelSelector
from knarr.api.selectors import Selector


class MetricsError(Exception):
    """The numbers cannot be had; the message says why."""


class MetricsSource(Protocol):
    """Measured values, in thousandths: of a core, a byte, a request."""

    async def of_pods(
        self, namespace: str, selector: Selector, resource: str, container: str
    ) -> Mapping[str, int]:
        """What pods use of a resource, by name; of one container if named. Raise MetricsError."""
        ...

    async def of_objects(
        self, namespace: str, kind: str, name: str, metric: str, selector: LabelSelector | None
    ) -> Mapping[str, int]:
        """A custom metric by object; of all pods when `name` is empty. Raise MetricsError."""
        ...

    async def external(
        self, namespace: str, metric: str, selector: LabelSelector | None
    ) -> tuple[int, ...]:
        """The values of a metric from outside the cluster. Raise MetricsError."""
        ...


class NoMetrics:
    """The source of a cluster in which nobody serves metrics."""

    async def of_pods(
        self, namespace: str, selector: Selector, resource: str, container: str
    ) -> Mapping[str, int]:
        """Say that metrics.k8s.io is not served."""
        raise MetricsError(
            f"unable to get metrics for resource {resource}: unable to fetch metrics from "
            "resource metrics API: the server could not find the requested resource "
            "(get pods.metrics.k8s.io)"
        )

    async def of_objects(
        self, namespace: str, kind: str, name: str, metric: str, selector: LabelSelector | None
    ) -> Mapping[str, int]:
        """Say that custom.metrics.k8s.io is not served."""
        raise MetricsError(
            f"unable to get metric {metric}: unable to fetch metrics from custom metrics API: "
            "no custom metrics API (custom.metrics.k8s.io) registered"
        )

    async def external(
        self, namespace: str, metric: str, selector: LabelSelector | None
    ) -> tuple[int, ...]:
        """Say that external.metrics.k8s.io is not served."""
        raise MetricsError(
            f"unable to get external metric {namespace}/{metric}: unable to fetch metrics from "
            "external metrics API: no external metrics API (external.metrics.k8s.io) registered"
        )
