"""What Docker's containers of one kubelet are, kept up to date by its event stream.

One list at the start, then an inspection of each container that something
happened to. After the stream broke, all is read again and every pod is said
to have changed. Nothing polls.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from kubelet.runtime.docker import names
from kubelet.runtime.docker.engine import Engine, EngineError
from kubelet.runtime.docker.states import uid_of

log = structlog.get_logger()

AGAIN_AFTER_S = 0.5
"""How long a lost engine is left alone before it is tried again."""

INSPECTED_AT_ONCE = 16

CHANGES = frozenset(
    ("die", "oom", "destroy", "start", "pause", "unpause", "rename", "restart", "update")
)
"""Events after which a container is not what it was."""

Json = Mapping[str, Any]


class View:
    """The containers, by id and by pod."""

    def __init__(self, engine: Engine, kubelet: str) -> None:
        self.changes: asyncio.Queue[str] = asyncio.Queue()
        self.on_load: list[Callable[[], None]] = []
        """Called when everything is read anew: the engine may have started again."""
        self.starting: set[str] = set()
        """Containers we are starting just now: their start is no news."""
        self._engine = engine
        self._filters = {"label": [f"{names.KUBELET}={kubelet}"]}
        self._told: dict[str, Json] = {}
        self._by_pod: dict[str, set[str]] = {}
        self._ended: dict[str, asyncio.Event] = {}
        self._asked = 0
        self._told_by: dict[str, int] = {}

    def of_pod(self, uid: str) -> Sequence[Json]:
        """The containers of a pod, the sandbox too."""
        return [self._told[one] for one in self._by_pod.get(uid, ())]

    def of_id(self, docker_id: str) -> Json | None:
        """One container."""
        return self._told.get(docker_id)

    def pods(self) -> Sequence[str]:
        """The uids of all pods."""
        return list(self._by_pod)

    async def load(self) -> None:
        """Read everything anew. Raise EngineError."""
        query = {"all": "1", "filters": json.dumps(self._filters)}
        # What is made while Docker answers is not in the list, and there all the same.
        known = set(self._told)
        listed = {
            one["Id"] for one in await self._engine.json("GET", "/containers/json", query=query)
        }
        for gone in known - listed:
            self._forget(gone)
        limit = asyncio.Semaphore(INSPECTED_AT_ONCE)

        async def inspect(docker_id: str) -> None:
            async with limit:
                await self.refresh(docker_id)

        async with asyncio.TaskGroup() as group:
            for docker_id in listed:
                group.create_task(inspect(docker_id))

    async def refresh(self, docker_id: str) -> Json | None:
        """Look at one container again; None when it is gone. Raise EngineError.

        Of two looks at a time the later one counts, whichever is answered first.
        """
        self._asked += 1
        number = self._asked
        try:
            told: Json = await self._engine.json("GET", f"/containers/{docker_id}/json")
        except EngineError as error:
            if error.status != 404:
                raise
            self._forget(docker_id)
            return None
        if number < self._told_by.get(docker_id, 0):
            return self._told[docker_id]
        self._told_by[docker_id] = number
        self._told[docker_id] = told
        self._by_pod.setdefault(uid_of(told), set()).add(docker_id)
        if not told["State"]["Running"] and docker_id in self._ended:
            self._ended.pop(docker_id).set()
        return told

    async def ended(self, docker_id: str) -> None:
        """Wait until a container does not run."""
        told = self._told.get(docker_id)
        if told is None or not told["State"]["Running"]:
            return
        await self._ended.setdefault(docker_id, asyncio.Event()).wait()

    async def follow(self) -> None:
        """Keep up until cancelled."""
        while True:
            try:
                await self._listen()
                log.warning("lost Docker's events, reading all again")
            except* EngineError as errors:
                log.warning("Docker does not answer", error=str(errors.exceptions[0]))
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _listen(self) -> None:
        """Listen first and read all then: nothing falls between, whatever the clocks say."""
        query = {"filters": json.dumps({**self._filters, "type": ["container"]})}
        async with self._engine.listen("/events", query) as events:
            await self.load()
            for uid in self.pods():
                self.changes.put_nowait(uid)
            async for event in events:
                await self._take(event)

    async def _take(self, event: Json) -> None:
        docker_id = event["Actor"]["ID"]
        if event["Action"] not in CHANGES:
            return
        before = self._told.get(docker_id)
        is_known = before is not None and before["State"]["Running"]
        if event["Action"] == "start" and (is_known or docker_id in self.starting):
            return  # We start it ourselves and look at it then.
        if event["Action"] == "destroy":
            self._forget(docker_id)
        else:
            await self.refresh(docker_id)
        self.changes.put_nowait(event["Actor"]["Attributes"].get(names.POD_UID, ""))

    def _forget(self, docker_id: str) -> None:
        told = self._told.pop(docker_id, None)
        self._told_by.pop(docker_id, None)
        if docker_id in self._ended:
            self._ended.pop(docker_id).set()
        if told is None:
            return
        uid = uid_of(told)
        containers = self._by_pod.get(uid, set())
        containers.discard(docker_id)
        if not containers:
            self._by_pod.pop(uid, None)
