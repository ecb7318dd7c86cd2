"""Where an autoscaler's numbers come from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from knarr.api.meta.selector import LabelSelector
from knarr.api.selectors import Selector


class MetricsError(Exception):
    """The numbers cannot be had; the message says why."""


class Measured(Struct, frozen=True):
    """What one pod uses, in thousandths."""

    value: int
    at: datetime | None = None
    """When the window ended; None where nobody says."""
    window_s: float = 60.0
    """How long was measured."""


class Described(Struct, frozen=True):
    """What a custom metric is about: one object by name, or many pods by their labels."""

    resource: str
    """Plural and group, such as `pods` or `ingresses.networking.k8s.io`."""
    name: str = ""
    pods: Selector | None = None


class MetricsSource(Protocol):
    """Measured values, in thousandths: of a core, a byte, a request."""

    async def of_pods(
        self, namespace: str, selector: Selector, resource: str, container: str
    ) -> Mapping[str, Measured]:
        """What pods use of a resource, by name; of one container if named. Raise MetricsError."""
        ...

    async def of_objects(
        self, namespace: str, what: Described, metric: str, selector: LabelSelector | None
    ) -> Mapping[str, Measured]:
        """A custom metric, by the name of each object that is meant. Raise MetricsError."""
        ...

    async def external(
        self, namespace: str, metric: str, selector: LabelSelector | None
    ) -> tuple[int, ...]:
        """The values of a metric from outside the cluster. Raise MetricsError."""
        ...
