"""Numbers from the metrics APIs that the cluster serves."""

from collections.abc import Mapping

from controller_manager.podautoscaler.metrics import Measured, MetricsError
from knarr.api import quantities
from knarr.api.errors import ApiError, MethodNotSupportedError, NotFoundError
from knarr.api.meta.selector import LabelSelector
from knarr.api.metrics.pod_metrics import ContainerMetrics, PodMetrics
from knarr.api.selectors import Selector
from knarr.api.times import parse
from knarr.client.client import Client

_NOT_SERVED = "the server could not find the requested resource (get pods.metrics.k8s.io)"


class ApiMetrics:
    """Asks metrics.k8s.io; nobody serves the other two groups."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def of_pods(
        self, namespace: str, selector: Selector, resource: str, container: str
    ) -> Mapping[str, Measured]:
        """What pods use of a resource, by name. Raise MetricsError."""
        try:
            listed = await self._client.list(
                PodMetrics, namespace=namespace, label_selector=str(selector)
            )
        except (NotFoundError, MethodNotSupportedError):
            raise MetricsError(_unable(resource, _NOT_SERVED)) from None
        except ApiError as error:
            raise MetricsError(_unable(resource, str(error))) from None
        if not listed.items:
            raise MetricsError(
                f"unable to get metrics for resource {resource}: no metrics returned from "
                "resource metrics API"
            )
        found = {}
        for pod in listed.items:
            amount = _amount(pod, resource, container)
            if amount is not None:
                at = parse(pod.timestamp) if pod.timestamp else None
                found[pod.metadata.name] = Measured(amount, at, seconds(pod.window))
        return found

    async def of_objects(
        self,
        namespace: str,
        kind: str,
        name: str,
        metric: str,
        selector: LabelSelector | None,
        pods: Selector | None = None,
    ) -> Mapping[str, Measured]:
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


def _unable(resource: str, why: str) -> str:
    return (
        f"unable to get metrics for resource {resource}: "
        f"unable to fetch metrics from resource metrics API: {why}"
    )


def _amount(pod: PodMetrics, resource: str, container: str) -> int | None:
    """Thousandths of what a pod or one of its containers uses; None where part is unknown."""
    parts: list[ContainerMetrics] = [
        one for one in pod.containers if not container or one.name == container
    ]
    if container and not parts:
        meta = pod.metadata
        raise MetricsError(
            f"container {container} not present in metrics for pod {meta.namespace}/{meta.name}"
        )
    if any(resource not in one.usage for one in parts):
        return None
    return sum(quantities.milli(one.usage[resource]) for one in parts)


def seconds(window: str) -> float:
    """The length of a window such as `15.03s` or `1m0s`; a minute where it is no such text."""
    total, number = 0.0, ""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0}
    for char in window:
        if char in units and number:
            total += float(number) * units[char]
            number = ""
        elif char.isdigit() or char == ".":
            number += char
        else:
            return 60.0
    return total or 60.0
