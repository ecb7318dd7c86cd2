"""Watches while things go wrong: no pod lives twice, no acknowledged write is lost."""

import http.client
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.multihost.api import Api, Json, RefusedError, UnsentError, eventually
from tests.multihost.host import Host

SAMPLES_EVERY_S = 0.1
WRITES_EVERY_S = 0.05


class _Thread:
    """Does something again and again while a block runs."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._over = Event()
        self._failed: BaseException | None = None

    def _enter(self) -> None:
        self._thread = Thread(target=self._loop)
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        if self._failed is not None:
            raise self._failed

    def _loop(self) -> None:
        try:
            while not self._over.wait(self._every_s):
                self._turn()
        except BaseException as error:  # It is raised where the block ends.
            self._failed = error

    def _turn(self) -> None:
        raise NotImplementedError


@dataclass
class _Sighting:
    """When a container certainly ran: from the first to the last time it was seen."""

    pod: str
    node: str
    since: float
    until: float


class Once(_Thread):
    """Asks the engines, past all wires, which containers run; no two may be one pod's.

    A container that was seen twice ran all the time in between, so that two whose times
    overlap ran at once, and that is certain.
    """

    def __init__(self, hosts: Sequence[Host], prefix: str) -> None:
        super().__init__(SAMPLES_EVERY_S)
        self._hosts = hosts
        self._prefix = prefix
        self._seen: dict[str, _Sighting] = {}

    def __enter__(self) -> "Once":
        self._enter()
        return self

    def check(self) -> None:
        """Fail where a pod had two lives at once."""
        by_pod = defaultdict(list)
        for one in sorted(self._seen.values(), key=lambda seen: seen.since):
            by_pod[one.pod].append(one)
        assert by_pod, "something was seen"
        for lives in by_pod.values():
            for number, one in enumerate(lives):
                for other in lives[number + 1 :]:
                    assert other.since >= one.until, f"two at once: {one}, {other}"

    def lives(self, pod: str) -> int:
        """How many containers a pod of a name had."""
        return sum(seen.pod == pod for seen in self._seen.values())

    def _turn(self) -> None:
        for host in self._hosts:
            asked = time.monotonic()
            try:
                found = host.engine.ask("GET", "/containers/json")
            except (OSError, http.client.HTTPException, ValueError):
                continue  # It is off.
            answered = time.monotonic()
            for one in found:
                labels = one["Labels"]
                pod = labels.get("io.kubernetes.pod.name", "")
                if pod.startswith(self._prefix) and (
                    labels["io.kubernetes.container.name"] != "POD"
                ):
                    seen = self._seen.setdefault(
                        one["Id"], _Sighting(pod, host.name, answered, answered)
                    )
                    seen.until = max(seen.until, asked)


@dataclass
class Ledger(_Thread):
    """Writes all the time, each object once, on whichever server answers."""

    apis: Sequence[Api]
    name: str
    every_s: float = WRITES_EVERY_S
    acknowledged: set[str] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    """Writes that were sent, and of which nobody said what became."""
    refused: list[str] = field(default_factory=list)
    """Writes that a server would not do."""
    _count: int = 0
    _turned: int = 0

    def __post_init__(self) -> None:
        super().__init__(self.every_s)

    def __enter__(self) -> "Ledger":
        self._enter()
        return self

    def more(self, count: int = 5, timeout_s: float = 60.0) -> None:
        """Wait until so many more writes are done."""
        wanted = len(self.acknowledged) + count

        def look() -> None:
            assert self._failed is None, self._failed
            told = [*self.broken[-2:], *self.refused[-2:]]
            assert len(self.acknowledged) >= wanted, f"{len(self.acknowledged)} writes: {told}"

        eventually(look, timeout_s)

    def check(self) -> None:
        """Fail where an acknowledged write is lost; then remove them all."""

        def look() -> None:
            found = self._first(lambda api: api.get(self._path + self._query))
            lost = self.acknowledged - {one["metadata"]["name"] for one in found["items"]}
            assert not lost, f"acknowledged and lost: {sorted(lost)}"

        assert self.acknowledged, "something was written"
        eventually(look)
        eventually(lambda: self._first(lambda api: api.ask("DELETE", self._path + self._query)))

    @property
    def _path(self) -> str:
        return "/api/v1/namespaces/default/configmaps"

    @property
    def _query(self) -> str:
        return f"?labelSelector=ledger%3D{self.name}"

    def _first(self, ask: Callable[[Api], Json]) -> Json:
        """The answer of the first server that has one."""
        last: Exception = OSError("there is no server")
        for api in self.apis:
            try:
                return ask(api)
            except (OSError, RefusedError, http.client.HTTPException) as error:
                last = error
        raise last

    def _turn(self) -> None:
        self._count += 1
        name = f"{self.name}-{self._count}"
        meta = {"name": name, "labels": {"ledger": self.name}}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}
        for _ in self.apis:
            api = self.apis[self._turned % len(self.apis)]
            try:
                api.ask("POST", self._path, body)
            except UnsentError:
                self._turned += 1
                continue
            except RefusedError as error:
                if error.status == 429:  # Nothing was done; clients ask again by themselves.
                    self._turned += 1
                    continue
                self.refused.append(f"{api.address}: {error}")
                self._turned += 1
            except (OSError, http.client.HTTPException) as error:
                self.broken.append(f"{api.address}: {error!r}")
                self._turned += 1
            else:
                self.acknowledged.add(name)
            return
        self._over.wait(0.1)  # Nobody can be reached; there is time.
