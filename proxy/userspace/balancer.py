"""Chooses an endpoint for each client, in turn, or the one he had before."""

from collections.abc import Iterator

from proxy.model import Backend

CLIENTS_MAX = 10_000
"""So many clients' endpoints are remembered; the oldest are forgotten first."""


class Balancer:
    """The endpoints of one listener."""

    def __init__(self, backends: tuple[Backend, ...], affinity_s: int) -> None:
        self.backends = backends
        self.affinity_s = affinity_s
        self._next = 0
        self._chosen: dict[str, tuple[Backend, float]] = {}

    def change(self, backends: tuple[Backend, ...], affinity_s: int) -> None:
        """Take other endpoints from now on; clients stay with those that are left."""
        self.backends = backends
        self.affinity_s = affinity_s

    def candidates(self, client: str, now_s: float) -> Iterator[Backend]:
        """The endpoints to try for a client, the best first, each once."""
        backends = self.backends
        known = self._chosen.get(client) if self.affinity_s else None
        if known is not None and known[0] in backends and now_s - known[1] < self.affinity_s:
            yield known[0]
        self._next += 1
        for number in range(len(backends)):
            one = backends[(self._next + number) % len(backends)]
            if known is None or one != known[0]:
                yield one

    def took(self, client: str, backend: Backend, now_s: float) -> None:
        """The client was connected to an endpoint."""
        if not self.affinity_s:
            return
        self._chosen.pop(client, None)
        self._chosen[client] = (backend, now_s)
        if len(self._chosen) > CLIENTS_MAX:
            self._chosen.pop(next(iter(self._chosen)))
