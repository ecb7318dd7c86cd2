"""The pods that wait for a node.

It promises:

1. The most important first: of the pods that may be tried, the one of highest
   priority comes out, and of equals the one that has waited longest.
2. A pod that fits nowhere is tried again only when something happens that one
   of the plugins which rejected it says may help, or after five minutes.
3. A pod that failed waits longer each time, but while nobody else is to be
   tried it need not wait, unless what failed was the server.
4. Like pods are asked about once, however many wait, and no more of them are woken
   than there is room for, unless a rule that spans nodes rejected them.
5. A gated pod costs nothing: it is in no line until its gates are gone.
6. Nothing is lost: a pod is in exactly one place until it is taken or removed.

It owns no task: delays are the loop's timers, so virtual time just works.
"""

import asyncio
import heapq
from collections.abc import Iterable
from itertools import count, islice

from msgspec import Struct, field

from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from scheduler.plugins.plugin import Happening
from scheduler.profile import Profile
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot

UNSCHEDULABLE_MAX_S = 300.0
"""After so long a pod is tried again even if nothing happened, should an event have been missed."""

FLUSH_EVERY_S = 30.0
"""How often is looked whether a pod has waited for so long."""

_ANY_EVENT = "pods that no plugin rejected"


class Waiting(Struct, eq=False):
    """A pod that waits, and how it fared so far."""

    key: Key
    pod: Pod
    shape: Shape
    profile: Profile
    arrival: int
    attempts: int = 0
    plugins: frozenset[str] = frozenset()
    """Those that rejected it when it was tried last."""
    since_s: float = 0.0
    """When it was tried last."""
    queued_s: float = 0.0
    """When it could first be tried."""
    taken_s: float = 0.0
    """When the attempt began that is under way."""
    ticket: int = 0
    """Tells the entry in a line that counts from those left behind."""
    place: str = ""
    """active, backoff, error, unschedulable, gated, or empty while it is tried."""


class _Group(Struct, eq=False):
    """Like pods that fit nowhere for the same reasons."""

    shape: Shape
    profile: Profile
    plugins: frozenset[str]
    members: dict[Key, Waiting] = field(default_factory=dict)


_Entry = tuple[float, int, int, Waiting]
_GroupKey = tuple[Shape, str, frozenset[str]]


class SchedulingQueue:
    """The pods that wait; see the module for the promises."""

    def __init__(self, *, backoff_min_s: float = 1.0, backoff_max_s: float = 10.0) -> None:
        self._backoff_min_s = backoff_min_s
        self._backoff_max_s = backoff_max_s
        self._all: dict[Key, Waiting] = {}
        self._lines: dict[str, list[_Entry]] = {"active": [], "backoff": [], "error": []}
        self._groups: dict[_GroupKey, _Group] = {}
        self._by_plugin: dict[str, dict[_GroupKey, _Group]] = {}
        self._arrivals = count()
        self._tickets = count(1)
        self._ready = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._flush_timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many pods wait, wherever."""
        return len(self._all)

    def place_of(self, key: Key) -> str:
        """Where a pod waits, empty if it does not."""
        waiting = self._all.get(key)
        return waiting.place if waiting else ""

    def waiting_in(self, places: tuple[str, ...]) -> int:
        """How many pods wait in some places."""
        return sum(each.place in places for each in self._all.values())

    def put(self, key: Key, pod: Pod, shape: Shape, profile: Profile) -> None:
        """Take in a pod, or that it changed; a change of what it wishes lets it be tried."""
        waiting = self._all.get(key)
        if waiting is None:
            waiting = Waiting(key, pod, shape, profile, next(self._arrivals))
        elif waiting.shape is shape and bool(pod.spec.scheduling_gates) == (
            waiting.place == "gated"
        ):
            waiting.pod = pod
            return
        else:
            self._leave(waiting)
        waiting.pod, waiting.shape, waiting.profile = pod, shape, profile
        if pod.spec.scheduling_gates:
            self._all[key] = waiting
            waiting.place = "gated"
        else:
            waiting.queued_s = waiting.queued_s or _now_s()
            self._activate(waiting)

    def remove(self, key: Key) -> None:
        """Forget a pod: it is gone, or has a node."""
        waiting = self._all.get(key)
        if waiting is None:
            return
        self._leave(waiting)
        # Another like it may take the room for which this one was woken.
        group = self._groups.get(_group_key(waiting))
        if group is not None:
            self._wake(tuple(islice(group.members.values(), 1)))

    async def ready(self) -> None:
        """Wait until a pod may be tried."""
        await self._ready.wait()

    def take(self) -> Waiting | None:
        """The pod to be tried next; it is the caller's until put back."""
        waiting = self._pop("active") or self._pop("backoff")
        if waiting is None:
            self._ready.clear()
            return None
        self._leave(waiting)
        waiting.attempts += 1
        waiting.taken_s = _now_s()
        return waiting

    def failed(self, waiting: Waiting, plugins: frozenset[str]) -> None:
        """Put back a pod that fits nowhere; it waits until something helps."""
        waiting.plugins = plugins
        waiting.since_s = _now_s()
        waiting.place = "unschedulable"
        self._all[waiting.key] = waiting
        group_key = _group_key(waiting)
        group = self._groups.get(group_key)
        if group is None:
            group = self._groups[group_key] = _Group(waiting.shape, waiting.profile, plugins)
            for plugin in plugins or (_ANY_EVENT,):
                self._by_plugin.setdefault(plugin, {})[group_key] = group
        group.members[waiting.key] = waiting
        if self._flush_timer is None:
            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_EVERY_S, self._flush)

    def retry(self, waiting: Waiting) -> None:
        """Put back a pod whose binding failed; it is tried again after its backoff."""
        waiting.since_s = _now_s()
        self._back_off(waiting, "error")

    def activate(self, key: Key) -> None:
        """Let a pod be tried, whatever it waits for."""
        waiting = self._all.get(key)
        if waiting is not None and waiting.place not in ("gated", "active"):
            self._leave(waiting)
            self._activate(waiting)

    def happened(self, snapshot: Snapshot, happening: Happening) -> None:
        """Let those be tried whom something helps that happened."""
        helped: dict[_GroupKey, _Group] = {}
        for profile_plugin, groups in self._by_plugin.items():
            for group_key, group in groups.items():
                if group_key not in helped and _helps(snapshot, group, profile_plugin, happening):
                    helped[group_key] = group
        for group in helped.values():
            room = len(group.members)
            if happening.slot is not None and not happening.is_contested and _is_local(group):
                room = snapshot.room(happening.slot, group.shape)
            self._wake(tuple(islice(group.members.values(), room)))

    def close(self) -> None:
        """End the timers."""
        for timer in (self._timer, self._flush_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._flush_timer = None

    # ---- inside

    def _activate(self, waiting: Waiting) -> None:
        self._line_up(waiting, "active", -waiting.shape.priority)
        self._ready.set()

    def _back_off(self, waiting: Waiting, place: str) -> None:
        self._line_up(waiting, place, self._until_s(waiting))
        if place == "backoff":
            self._ready.set()
        self._set_timer()

    def _line_up(self, waiting: Waiting, place: str, order: float) -> None:
        waiting.place = place
        waiting.ticket = next(self._tickets)
        self._all[waiting.key] = waiting
        heapq.heappush(self._lines[place], (order, waiting.arrival, waiting.ticket, waiting))

    def _until_s(self, waiting: Waiting) -> float:
        doublings = max(min(waiting.attempts - 1, 32), 0)
        wait_s: float = min(self._backoff_min_s * 2**doublings, self._backoff_max_s)
        return waiting.since_s + wait_s

    def _wake(self, members: Iterable[Waiting]) -> None:
        now_s = _now_s()
        for waiting in members:
            self._leave(waiting)
            if self._until_s(waiting) <= now_s:
                self._activate(waiting)
            else:
                self._back_off(waiting, "backoff")

    def _leave(self, waiting: Waiting) -> None:
        """Take a pod from where it is; entries in heaps are skipped when they come up."""
        del self._all[waiting.key]
        if waiting.place == "unschedulable":
            group_key = _group_key(waiting)
            group = self._groups[group_key]
            del group.members[waiting.key]
            if not group.members:
                del self._groups[group_key]
                for plugin in waiting.plugins or (_ANY_EVENT,):
                    del self._by_plugin[plugin][group_key]
        waiting.place = ""
        waiting.ticket = 0

    def _pop(self, place: str) -> Waiting | None:
        """The first of a line that still waits there."""
        line = self._lines[place]
        while line:
            _, _, ticket, waiting = heapq.heappop(line)
            if waiting.place == place and waiting.ticket == ticket:
                return waiting
        return None

    def _set_timer(self) -> None:
        due_s = [line[0][0] for line in (self._lines["backoff"], self._lines["error"]) if line]
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_s:
            self._timer = asyncio.get_running_loop().call_at(min(due_s), self._end_backoffs)

    def _end_backoffs(self) -> None:
        self._timer = None
        now_s = _now_s()
        for place in ("backoff", "error"):
            line = self._lines[place]
            while line and line[0][0] <= now_s:
                _, _, ticket, waiting = heapq.heappop(line)
                if waiting.place == place and waiting.ticket == ticket:
                    self._leave(waiting)
                    self._activate(waiting)
        self._set_timer()

    def _flush(self) -> None:
        self._flush_timer = None
        before_s = _now_s() - UNSCHEDULABLE_MAX_S
        for group in tuple(self._groups.values()):
            self._wake([each for each in group.members.values() if each.since_s <= before_s])
        if self._groups:
            self._flush_timer = asyncio.get_running_loop().call_later(FLUSH_EVERY_S, self._flush)


def _group_key(waiting: Waiting) -> _GroupKey:
    return waiting.shape, waiting.profile.name, waiting.plugins


def _is_local(group: _Group) -> bool:
    """Whether only rules rejected the pods that look at one node at a time."""
    local = {each.name for each in group.profile.filters if each.is_local}
    return bool(group.plugins) and group.plugins <= local


def _helps(snapshot: Snapshot, group: _Group, name: str, happening: Happening) -> bool:
    if name == _ANY_EVENT:
        return happening.kind == "node added"
    for plugin in group.profile.filters:
        if plugin.name == name:
            return happening.kind in plugin.wakes and plugin.helps(snapshot, group.shape, happening)
    return False


def _now_s() -> float:
    return asyncio.get_running_loop().time()
