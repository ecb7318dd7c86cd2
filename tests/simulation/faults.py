"""What goes wrong, drawn from a seed: calls that fail, answers that are lost, watches that end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

from apiserver.storage.memory import MemoryStore
from apiserver.storage.store import Change, UnavailableError
from knarr.api.errors import (
    ConflictError,
    ExpiredError,
    RequestTimeoutError,
    ServiceUnavailableError,
)
from knarr.api.foreign import Foreign
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions
from knarr.api.structs import ApiStruct
from knarr.client.client import Client, Listed, PatchFormat, Watched
from knarr.daemon.clock import Clock

T = TypeVar("T", bound=ApiStruct)
A = TypeVar("A", bound=ApiStruct)
R = TypeVar("R")


@dataclass
class Weather:
    """How bad it is. Each number is a probability, the delay is in seconds."""

    refuse: float = 0.0
    """A call does not reach the server."""
    lose_answer: float = 0.0
    """A call is done, and nobody hears of it."""
    conflict: float = 0.0
    """An update is told that somebody was faster."""
    drop_watch: float = 0.0
    """A watch ends before its next batch."""
    expire_watch: float = 0.0
    """A watch may not resume: its revision is compacted."""
    delay_max_s: float = 0.0
    """A call or a batch takes up to so long."""
    skew_max_s: float = 0.0
    """A part's clock goes so far wrong, either way; it keeps it while it runs."""

    def calm(self) -> None:
        """Nothing goes wrong from now on, but for clocks of those who run."""
        self.refuse = self.lose_answer = self.conflict = 0.0
        self.drop_watch = self.expire_watch = self.delay_max_s = self.skew_max_s = 0.0


def drawn(chance: Random) -> Weather:
    """The weather of a seed: some faults often, some never."""

    def sometimes(most: float) -> float:
        return chance.random() * most if chance.random() < 0.6 else 0.0

    return Weather(
        refuse=sometimes(0.1),
        lose_answer=sometimes(0.1),
        conflict=sometimes(0.1),
        drop_watch=sometimes(0.1),
        expire_watch=sometimes(0.05),
        delay_max_s=sometimes(2.0),
        skew_max_s=sometimes(3.0),
    )


class SmallDisk(MemoryStore):
    """A store whose disk is full now and then: what is there can be read and removed."""

    is_full = False

    async def _commit(self, change: Change) -> None:
        if self.is_full and change.type == "put":
            raise UnavailableError("no space left on device")
        await super()._commit(change)


class SkewedClock:
    """A clock that goes wrong by always the same time."""

    def __init__(self, right: Clock, skew_s: float) -> None:
        self._right = right
        self._skew = timedelta(seconds=skew_s)

    def now(self) -> datetime:
        """What it takes for the present."""
        return self._right.now() + self._skew


class FaultyClient:
    """A client with weather between it and the server."""

    def __init__(self, client: Client, weather: Weather, chance: Random) -> None:
        self._client = client
        self._weather = weather
        self._chance = chance
        self.is_cut = False
        """Whether nothing gets through any more: its owner died without a word."""

    async def get(self, object_type: type[T], key: Key) -> T:
        """The object, perhaps."""
        return await self._read(lambda: self._client.get(object_type, key))

    async def list(
        self,
        object_type: type[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_token: str = "",
    ) -> Listed[T]:
        """The objects, perhaps."""
        return await self._read(
            lambda: self._client.list(
                object_type,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
                limit=limit,
                continue_token=continue_token,
            )
        )

    async def watch(
        self,
        object_type: type[T],
        *,
        after: int,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> AsyncIterator[Sequence[Watched[T]]]:
        """The events, late, until the watch breaks."""
        await self._travel()
        if self._happens(self._weather.expire_watch):
            raise ExpiredError("simulated compaction")
        async for batch in self._client.watch(
            object_type,
            after=after,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
        ):
            if self._happens(self._weather.drop_watch):
                return
            await self._travel()
            yield batch

    async def create(self, obj: T) -> T:
        """Store a new object, perhaps."""
        return await self._write(lambda: self._client.create(obj))

    async def update(self, obj: T, *, subresource: str = "") -> T:
        """Replace an object, perhaps."""
        if self._happens(self._weather.conflict):
            raise ConflictError("simulated conflict")
        return await self._write(lambda: self._client.update(obj, subresource=subresource))

    async def patch(
        self,
        object_type: type[T],
        key: Key,
        patch: Any,
        *,
        patch_format: PatchFormat = "merge",
        subresource: str = "",
        field_manager: str = "",
        force: bool = False,
    ) -> T:
        """Change an object, perhaps."""
        return await self._write(
            lambda: self._client.patch(
                object_type,
                key,
                patch,
                patch_format=patch_format,
                subresource=subresource,
                field_manager=field_manager,
                force=force,
            )
        )

    async def delete(
        self, object_type: type[T], key: Key, options: DeleteOptions | None = None
    ) -> int:
        """Delete an object, perhaps."""
        return await self._write(lambda: self._client.delete(object_type, key, options))

    async def call(
        self,
        object_type: type[ApiStruct],
        key: Key,
        subresource: str,
        body: ApiStruct,
        answer: type[A],
    ) -> A:
        """Post to a subresource, perhaps."""
        return await self._write(
            lambda: self._client.call(object_type, key, subresource, body, answer)
        )

    async def part(
        self, object_type: type[ApiStruct], key: Key, subresource: str, answer: type[A]
    ) -> A:
        """A subresource, perhaps."""
        return await self._read(lambda: self._client.part(object_type, key, subresource, answer))

    async def ask(self, foreign: Foreign) -> bytes:
        """What somebody else's server says, perhaps."""
        return await self._read(lambda: self._client.ask(foreign))

    async def revision_now(self, *told: type[ApiStruct]) -> int:
        """The newest revision, perhaps."""
        return await self._read(lambda: self._client.revision_now(*told))

    async def _read(self, call: Callable[[], Awaitable[R]]) -> R:
        await self._travel()
        if self.is_cut or self._happens(self._weather.refuse):
            raise ServiceUnavailableError("simulated refusal")
        return await call()

    async def _write(self, call: Callable[[], Awaitable[R]]) -> R:
        answer = await self._read(call)
        if self._happens(self._weather.lose_answer):
            raise RequestTimeoutError("simulated loss of the answer")
        await self._travel()
        return answer

    async def _travel(self) -> None:
        if self._weather.delay_max_s:
            await asyncio.sleep(self._chance.random() * self._weather.delay_max_s)

    def _happens(self, probability: float) -> bool:
        return bool(probability) and self._chance.random() < probability
