"""How many requests are worked on at once; the system's own traffic is never starved."""

from collections.abc import Iterator
from contextlib import contextmanager

from apiserver.rest.call import Call
from knarr.api.errors import TooManyRequestsError
from knarr.api.meta.status import StatusDetails

READS_MAX = 400
"""As Kubernetes' --max-requests-inflight."""
WRITES_MAX = 200
"""As Kubernetes' --max-mutating-requests-inflight."""
RETRY_AFTER_S = 1

_EXEMPT_GROUP = "system:masters"
_SYSTEM_GROUPS = frozenset({"system:nodes", "system:serviceaccounts:kube-system"})
_WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})
_ENDLESS_PARTS = frozenset({"attach", "exec", "log", "portforward", "proxy"})


class Limits:
    """Counts requests: users and the system have their own share, masters are not counted."""

    def __init__(self, *, reads_max: int = READS_MAX, writes_max: int = WRITES_MAX) -> None:
        self._maximum = {"reads": reads_max, "writes": writes_max}
        self._running: dict[tuple[str, str], int] = {}

    @contextmanager
    def admit(self, call: Call) -> Iterator[None]:
        """Hold a place while a request is worked on. Raise TooManyRequestsError."""
        user = call.user
        if (
            _EXEMPT_GROUP in user.groups
            or call.verb == "watch"
            or call.path.subresource in _ENDLESS_PARTS
            or not call.path.is_resource
        ):
            yield
            return
        sort = "writes" if call.verb in _WRITES else "reads"
        # Components of the cluster have a share that no flood of others can take.
        is_system = not _SYSTEM_GROUPS.isdisjoint(user.groups) or user.name.startswith(
            "system:kube-"
        )
        place = ("system" if is_system else "users", sort)
        if self._running.get(place, 0) >= self._maximum[sort]:
            raise TooManyRequestsError(
                "too many requests, please try again later",
                details=StatusDetails(retry_after_seconds=RETRY_AFTER_S),
            )
        self._running[place] = self._running.get(place, 0) + 1
        try:
            yield
        finally:
            self._running[place] -= 1
