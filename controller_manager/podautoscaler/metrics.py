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


class MetricsSource(Protocol):
    """Measured values, in thousandths: of a core, a byte, a request."""

    async def of_pods(
        self, namespace: str, selector: Selector, resource: str, container: str
    ) -> Mapping[str, Measured]:
        """What pods use of a resource, by name; of one container if named. Raise MetricsError."""
        ...

    async def of_objects(
        self,
        namespace: str,
        kind: str,
        name: str,
        metric: str,
        selector: LabelSelector | None,
        pods: Selector | None = None,
    ) -> Mapping[str, Measured]:
        """A custom metric by object; of the `pods` meant when `name` is empty.

        Raise MetricsError.
        """
        ...

    async def external(
        self, namespace: str, metric: str, selector: LabelSelector | None
    ) -> tuple[int, ...]:
        """The values of a metric from outside the cluster. Raise MetricsError."""
        ...
