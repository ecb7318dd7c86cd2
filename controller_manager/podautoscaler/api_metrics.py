"""Numbers from the metrics APIs that the cluster serves."""

from collections.abc import Mapping

from msgspec import Struct
from msgspec.json import Decoder

from controller_manager.podautoscaler.metrics import Described, Measured, MetricsError
from knarr.api import quantities
from knarr.api.apiregistration.api_service import APIService
from knarr.api.conditions import is_true
from knarr.api.errors import ApiError, MethodNotSupportedError, NotFoundError
from knarr.api.foreign import Foreign
from knarr.api.keys import Key
from knarr.api.meta.selector import LabelSelector
from knarr.api.metrics.pod_metrics import ContainerMetrics, PodMetrics
from knarr.api.scalars import Time
from knarr.api.selectors import Selector, from_object
from knarr.api.times import parse
from knarr.client.client import Client

_NOT_SERVED = "the server could not find the requested resource (get pods.metrics.k8s.io)"


_CUSTOM, _EXTERNAL = "custom.metrics.k8s.io", "external.metrics.k8s.io"
_CUSTOM_VERSIONS = ("v1beta2", "v1beta1")
"""The versions that are understood, the one liked best first."""


class _Wire(Struct, frozen=True, rename="camel"):
    """A part of an answer; what is not named here is passed over."""


class _Named(_Wire, frozen=True):
    name: str = ""


class _CustomValue(_Wire, frozen=True):
    value: str
    described_object: _Named = _Named()
    timestamp: str = ""
    window_seconds: int | None = None

    @property
    def measured(self) -> Measured:
        window_s = 60.0 if self.window_seconds is None else float(self.window_seconds)
        at = parse(Time(self.timestamp)) if self.timestamp else None
        return Measured(quantities.milli(self.value), at, window_s)


class _CustomList(_Wire, frozen=True):
    items: tuple[_CustomValue, ...] = ()


class _ExternalValue(_Wire, frozen=True):
    value: str


class _ExternalList(_Wire, frozen=True):
    items: tuple[_ExternalValue, ...] = ()


_custom_list = Decoder(_CustomList).decode
_external_list = Decoder(_ExternalList).decode


class ApiMetrics:
    """Asks metrics.k8s.io, and whoever serves the groups of custom and external metrics."""

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
        self, namespace: str, what: Described, metric: str, selector: LabelSelector | None
    ) -> Mapping[str, Measured]:
        """A custom metric of an object, or of many by their labels. Raise MetricsError."""
        try:
            data = await self._custom(namespace, what, metric, selector)
            items = _custom_list(data).items
        except (ApiError, LookupError, ValueError) as error:
            raise MetricsError(
                f"unable to fetch metrics from custom metrics API: {error}"
            ) from None
        if not items:
            raise MetricsError("no metrics returned from custom metrics API")
        return {each.described_object.name: each.measured for each in items}

    async def _custom(
        self, namespace: str, what: Described, metric: str, selector: LabelSelector | None
    ) -> bytes:
        query = {}
        if what.pods is not None and str(what.pods):
            query["labelSelector"] = str(what.pods)
        if selector is not None and (text := str(from_object(selector))):
            query["metricLabelSelector"] = text
        is_namespace = what.resource == "namespaces"
        foreign = Foreign(
            group=_CUSTOM,
            version=await self._version(_CUSTOM, _CUSTOM_VERSIONS),
            plural="metrics" if is_namespace else what.resource,
            namespace=namespace,
            name=metric if is_namespace else what.name or "*",
            subresource="" if is_namespace else metric,
            query=query,
        )
        return await self._client.ask(foreign)

    async def _version(self, group: str, versions: tuple[str, ...]) -> str:
        """The first of the versions that is served. Raise LookupError where none is."""
        for version in versions:
            try:
                found = await self._client.get(APIService, Key("", f"{version}.{group}"))
            except NotFoundError:
                continue
            if is_true(found.status.conditions, "Available"):
                return version
        raise LookupError(f"no custom metrics API ({group}) registered")

    async def external(
        self, namespace: str, metric: str, selector: LabelSelector | None
    ) -> tuple[int, ...]:
        """The values of a metric from outside the cluster. Raise MetricsError."""
        text = str(from_object(selector)) if selector is not None else ""
        foreign = Foreign(
            group=_EXTERNAL,
            version="v1beta1",
            plural=metric,
            namespace=namespace,
            query={"labelSelector": text} if text else {},
        )
        try:
            items = _external_list(await self._client.ask(foreign)).items
        except (ApiError, ValueError) as error:
            raise MetricsError(
                f"unable to fetch metrics from external metrics API: {error}"
            ) from None
        if not items:
            raise MetricsError("no metrics returned from external metrics API")
        return tuple(quantities.milli(each.value) for each in items)


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
