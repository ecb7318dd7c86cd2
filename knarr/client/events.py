"""Tells users what happened to their objects, as core/v1 Events.

As Kubernetes' own recorder does: the same event again raises the count of the
first; many that differ only in their message become one; and an object that
never falls silent is heard less and less. `event` never blocks: what finds the
queue full is dropped and counted, for an event is worth less than the work.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Generic, Literal, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from knarr.api.core.event import Event, EventSource
from knarr.api.core.references import ObjectReference
from knarr.api.errors import ApiError, NotFoundError
from knarr.api.keys import Key
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct
from knarr.api.times import to_time
from knarr.client.client import Client
from knarr.client.objects import metadata_of
from knarr.daemon.clock import Clock

log = structlog.get_logger()

V = TypeVar("V")

WAITING_MAX = 1000
"""Events that wait to be written; more are dropped, so that memory stays bounded."""

REMEMBERED_MAX = 4096
"""Events and objects remembered; the one not heard of for longest is forgotten first."""

SIMILAR_MAX = 10
"""So many events that differ only in message stay apart; further ones become one."""

SIMILAR_WITHIN_S = 600.0
"""Events further apart than this are not lumped together."""

BURST = 25
"""Events about one object that pass at once."""

REFILL_S = 300.0
"""Seconds after which one more event about an object may pass."""

ATTEMPTS_MAX = 12
"""How often one event is tried to be written before it is dropped."""

AGAIN_AFTER_S = 10.0
"""Seconds between those attempts."""


class EventRecorder:
    """Records events in the name of one component; `run` writes them."""

    def __init__(self, client: Client, *, component: str, clock: Clock, host: str = "") -> None:
        self._client = client
        self._source = EventSource(component=component, host=host)
        self._clock = clock
        self._waiting: asyncio.Queue[Event] = asyncio.Queue(WAITING_MAX)
        self._correlator = Correlator()
        self.dropped = 0
        """Events that found the queue full."""

    def event(
        self,
        about: ApiStruct | ObjectReference,
        reason: str,
        message: str,
        event_type: Literal["Normal", "Warning"] = "Normal",
    ) -> None:
        """Record what happened to an object, or to a part of one that a reference names."""
        reference = about if isinstance(about, ObjectReference) else reference_to(about)
        try:
            self._waiting.put_nowait(self._made(reference, reason, message, event_type))
        except asyncio.QueueFull:
            self.dropped += 1

    async def run(self) -> None:
        """Write events until cancelled."""
        while True:
            event = await self._waiting.get()
            decided = self._correlator.take_in(event, self._clock.now())
            if decided is not None:
                await self._write(decided)

    async def flush(self) -> None:
        """Write what waits, once; for a program about to end."""
        while not self._waiting.empty():
            decided = self._correlator.take_in(self._waiting.get_nowait(), self._clock.now())
            if decided is not None:
                await self._attempt(decided)

    async def _write(self, decided: "Decided") -> None:
        for _ in range(ATTEMPTS_MAX):
            if await self._attempt(decided):
                return
            await asyncio.sleep(AGAIN_AFTER_S)

    async def _attempt(self, decided: "Decided") -> bool:
        """Try to write; answer whether that is settled, be it by a refusal."""
        try:
            await self._store(decided)
        except ApiError as error:
            log.debug("event not written", reason=decided.event.reason, error=str(error))
            return error.code < 500
        return True

    async def _store(self, decided: "Decided") -> None:
        event = decided.event
        key = Key(event.metadata.namespace, event.metadata.name)
        if decided.is_repeated:
            change = {
                "count": event.count,
                "lastTimestamp": event.last_timestamp,
                "message": event.message,
            }
            try:
                await self._client.patch(Event, key, change)
            except NotFoundError:
                log.debug("event expired, made anew", key=str(key))
            else:
                return
        await self._client.create(event)

    def _made(
        self,
        about: ObjectReference,
        reason: str,
        message: str,
        event_type: Literal["Normal", "Warning"],
    ) -> Event:
        now = self._clock.now()
        return Event(
            metadata=ObjectMeta(
                name=f"{about.name}.{_nanoseconds(now):x}",
                namespace=about.namespace or "default",
            ),
            involved_object=about,
            reason=reason,
            message=message,
            type=event_type,
            source=self._source,
            first_timestamp=to_time(now),
            last_timestamp=to_time(now),
            count=1,
            reporting_component=self._source.component,
            reporting_instance=self._source.host,
        )


def reference_to(obj: ApiStruct) -> ObjectReference:
    """How an event names its object."""
    kind = kind_of(type(obj))
    metadata = metadata_of(obj)
    return ObjectReference(
        kind=kind.name,
        api_version=kind.api_version,
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        resource_version=metadata.resource_version,
    )


def _nanoseconds(moment: datetime) -> int:
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return ((since.days * 86400 + since.seconds) * 10**6 + since.microseconds) * 1000


class Decided(Struct, frozen=True):
    """An event to write: a fresh one, or a stored one whose count rises."""

    event: Event
    is_repeated: bool


class _Tokens(Struct):
    """What is left for one object to say."""

    left: float
    at: datetime


class _Similar(Struct):
    """The messages seen of events that are alike but for them."""

    messages: set[str]
    at: datetime


class Correlator:
    """Decides what becomes of each event. Pure: time is an argument."""

    def __init__(self) -> None:
        self._tokens: _Remembered[_Tokens] = _Remembered()
        self._similar: _Remembered[_Similar] = _Remembered()
        self._written: _Remembered[Event] = _Remembered()

    def take_in(self, event: Event, now: datetime) -> Decided | None:
        """What to write for an event; None where its object talks too much."""
        lumped, identity = self._lump(event, now)
        earlier = self._written.get(identity)
        if earlier is not None:
            lumped = replace(
                lumped,
                metadata=earlier.metadata,
                first_timestamp=earlier.first_timestamp,
                count=earlier.count + 1,
            )
        self._written.put(identity, lumped)
        if not self._may_speak(event, now):
            return None
        return Decided(lumped, is_repeated=earlier is not None)

    def _lump(self, event: Event, now: datetime) -> tuple[Event, Hashable]:
        """The event, or the one that stands for many like it; and what tells it from others."""
        alike = (
            event.source,
            _name_tag(event.involved_object),
            event.type,
            event.reason,
            event.reporting_component,
            event.reporting_instance,
        )
        similar = self._similar.get(alike)
        if similar is None or (now - similar.at).total_seconds() > SIMILAR_WITHIN_S:
            similar = _Similar(set(), now)
        similar.at = now
        similar.messages.add(event.message)
        self._similar.put(alike, similar)
        if len(similar.messages) < SIMILAR_MAX:
            return event, (*alike, event.message)
        similar.messages.pop()  # The set stays full and no larger.
        message = f"(combined from similar events): {event.message}"
        return replace(event, message=message), alike

    def _may_speak(self, event: Event, now: datetime) -> bool:
        """Take a token of the object's bucket, if one is left."""
        who = (event.source, _name_tag(event.involved_object))
        tokens = self._tokens.get(who) or _Tokens(float(BURST), now)
        refilled = (now - tokens.at).total_seconds() / REFILL_S
        tokens.left, tokens.at = min(float(BURST), tokens.left + refilled), now
        self._tokens.put(who, tokens)
        if tokens.left < 1.0:
            return False
        tokens.left -= 1.0
        return True


def _name_tag(about: ObjectReference) -> Hashable:
    return (
        about.kind,
        about.namespace,
        about.name,
        about.uid,
        about.api_version,
        about.field_path,
    )


class _Remembered(Generic[V]):
    """A bounded memory that forgets what was used longest ago."""

    def __init__(self) -> None:
        self._values: OrderedDict[Hashable, V] = OrderedDict()

    def get(self, key: Hashable) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: Hashable, value: V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > REMEMBERED_MAX:
            self._values.popitem(last=False)
