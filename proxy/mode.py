"""What a way of carrying connections promises."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from knarr.api.keys import Key
from proxy.model import ServicePort


class Mode(Protocol):
    """Makes Service addresses lead to endpoints, by whatever means."""

    name: str

    async def replace(self, services: Mapping[Key, Sequence[ServicePort]]) -> None:
        """Carry exactly these Services, from the first moment on."""
        ...

    async def change(self, service: Key, ports: Sequence[ServicePort]) -> None:
        """Carry one Service as its ports say; none of them: no more."""
        ...

    async def close(self) -> None:
        """Leave nothing behind."""
        ...
