"""Frees the disk of images that nobody uses, the longest unused first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from msgspec import Struct

from knarr.daemon.clock import Clock
from kubelet.eviction.decide import Reading
from kubelet.runtime.runtime import Image, Observed, Runtime, RuntimeFailureError

log = structlog.get_logger()

OURS = "knarr/pause"
"""The image of sandboxes is always wanted again."""


class ImageRules(Struct, frozen=True, kw_only=True):
    """When images go."""

    high_percent: int = 85
    """From this use of the disk on images are removed; 100 for never."""
    low_percent: int = 80
    """Down to this use."""
    min_age_s: float = 120.0
    """A younger one stays: it may have been pulled for a pod that is about to start."""


class Seen(Struct, frozen=True):
    """What is known of an image's use."""

    first: datetime
    used: datetime | None = None


class ImageCollector:
    """Remembers when images were used, and removes those that were not."""

    def __init__(
        self,
        runtime: Runtime,
        clock: Clock,
        rules: ImageRules,
        shown: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._runtime = runtime
        self._shown = shown
        self._clock = clock
        self._rules = rules
        self._seen: dict[str, Seen] = {}
        self._used: frozenset[str] = frozenset()

    async def look(self, disk: Reading) -> int:
        """Note what is in use; free what the disk's use asks for. Answer how much that was."""
        images = await self._note()
        await self._runtime.remove_unpacked(self._used)
        excess = too_much(disk, self._rules)
        return await self._free(images, excess) if excess > 0 else 0

    async def free_all(self) -> int:
        """Remove every image that nobody uses, because the disk runs out."""
        images = await self._note()
        return await self._free(images, sum(one.size_bytes for one in images) + 1)

    async def _note(self) -> Sequence[Image]:
        images = await self._runtime.images()
        used = in_use(images, await self._runtime.pods(), self._shown())
        now = self._clock.now()
        before, self._seen = self._seen, {}
        for one in images:
            known = before.get(one.id) or Seen(now)
            self._seen[one.id] = Seen(known.first, now if one.id in used else known.used)
        self._used = used
        return images

    async def _free(self, images: Sequence[Image], wanted_bytes: int) -> int:
        freed = 0
        age = timedelta(seconds=self._rules.min_age_s)
        for one in unused(images, self._used, self._seen, now=self._clock.now(), min_age=age):
            if freed >= wanted_bytes:
                break
            with suppress(RuntimeFailureError):
                for name in one.names or (one.id,):
                    await self._runtime.remove_image(name)
                freed += one.size_bytes
                log.info("removed an image that nobody uses", image=one.names or one.id)
        return freed


def too_much(disk: Reading, rules: ImageRules) -> int:
    """How many bytes are to be freed; 0 below the high mark."""
    used = disk.capacity - disk.available
    if disk.capacity <= 0 or rules.high_percent >= 100:
        return 0
    if used * 100 < rules.high_percent * disk.capacity:
        return 0
    return used - disk.capacity * rules.low_percent // 100


def in_use(
    images: Iterable[Image], pods: Iterable[Observed], shown: Iterable[str] = ()
) -> frozenset[str]:
    """The ids of images of which there are containers, running or not, or which volumes show."""
    known: dict[str, str] = {}
    for one in images:
        known |= dict.fromkeys((one.id, *one.names), one.id)
    found = {known[one] for name in shown for one in _spellings(name) if one in known}
    for pod in pods:
        for container in pod.containers:
            for name in (container.image_id.rpartition("//")[2], container.image):
                if name in known:
                    found.add(known[name])
    return frozenset(found)


def _spellings(name: str) -> Iterable[str]:
    """How an image may be called here that a pod calls so."""
    short = name.removeprefix("docker.io/").removeprefix("library/")
    for one in (name, short):
        yield one
        yield f"{one}:latest"


def unused(
    images: Iterable[Image],
    used: frozenset[str],
    seen: Mapping[str, Seen],
    *,
    now: datetime,
    min_age: timedelta,
) -> list[Image]:
    """Those that may go, the longest unused first, then the longest known."""
    free = [
        one
        for one in images
        if one.id not in used
        and now - seen[one.id].first >= min_age
        and not any(name.startswith(OURS) for name in one.names)
    ]

    def order(one: Image) -> tuple[datetime, datetime]:
        known = seen[one.id]
        return known.used or known.first, known.first

    return sorted(free, key=order)
