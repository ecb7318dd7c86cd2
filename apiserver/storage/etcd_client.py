"""Calls to the members of an etcd cluster.

There is one channel a member and we choose among them: a member that fails is
rested for a second and the next one is asked. Reads are tried again until the
time is up. A write is tried again only when certainly nothing left this
process; otherwise nobody knows whether it is done: AmbiguousError.

Members that answer nothing for a while have no quorum, or cannot be reached: then
calls are refused at once instead of each waiting for itself, until one is answered
that asks for just that.
"""

import asyncio
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import structlog

from apiserver.storage.etcd_messages import MESSAGES, METHODS, WATCH
from apiserver.storage.store import (
    CompactedError,
    FutureRevisionError,
    StoreError,
    UnavailableError,
    ValueTooLargeError,
)

ATTEMPT_S = 2.0
"""How long one member may take: about as long as to elect a leader, when writes are parked."""

CALL_S = 5.0
"""How long a call may take with all its attempts."""

BEAT_S = 2.0
"""Members that were silent for so long are asked for a sign of life."""

LOST_S = 5.0
"""A silence longer than this is no election of a leader any more."""

REST_S = 1.0
"""How long a member that failed is not asked, as long as there are others."""

DEFRAGMENT_BYTES = 32 << 20
"""A member's file smaller than this is left as it is."""

DEFRAGMENT_S = 60.0
"""How long giving space back may take; hundreds of megabytes take a second or two."""

RETRY_S = 0.1
"""The pause between attempts, so that a refused connection is not tried in a tight loop."""

OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # etcd closes connections that ping more often than every five seconds.
    ("grpc.keepalive_time_ms", 6000),
    ("grpc.keepalive_timeout_ms", 3000),
    # What in fact bounds how long a hung member goes unnoticed; its default is a minute.
    ("grpc.http2.ping_timeout_ms", 3000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.use_local_subchannel_pool", 1),
)

_ELSEWHERE = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    # A member says so when our time is up first where it is, and gRPC when it stumbles.
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
)
_UNSENT = ("failed to connect", "connections to all backends failing", "resolution failed")
_STALE_TOKEN = ("invalid auth token", "auth: revision in header is old", "user name is empty")

log = structlog.get_logger()


class AmbiguousError(StoreError):
    """The answer to a write was lost."""


class LeaseNotFoundError(StoreError):
    """The lease of a write is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EtcdSettings:
    """Where the members are and who we are."""

    endpoints: tuple[str, ...]
    """As `host:port`."""
    tls: bool = False
    ca: Path | None = None
    """Who signs the members' certificates; the machine's roots when None."""
    cert: Path | None = None
    key: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)


class _Member:
    def __init__(self, address: str, channel: grpc.aio.Channel) -> None:
        self.address = address
        self.channel = channel
        self.rested_until = 0.0
        self.calls: dict[str, Callable[..., Any]] = {
            name: channel.unary_unary(
                path,
                request_serializer=MESSAGES[name].SerializeToString,
                response_deserializer=MESSAGES[f"{name}Answer"].FromString,
            )
            for name, path in METHODS.items()
        }
        self.watch: Callable[..., Any] = channel.stream_stream(
            WATCH,
            request_serializer=MESSAGES["Watch"].SerializeToString,
            response_deserializer=MESSAGES["WatchAnswer"].FromString,
        )


class EtcdClient:
    """Asks whichever member answers."""

    def __init__(self, settings: EtcdSettings) -> None:
        self._settings = settings
        self._members = [_Member(a, _channel(a, settings)) for a in settings.endpoints]
        self._token = ""
        self._authenticating = asyncio.Lock()
        self._heard_at_s = math.inf
        self.lost = ""
        """Why calls are refused; empty as long as they are made."""

    async def call(self, name: str, request: Any, *, is_write: bool = False) -> Any:
        """Make a call. Any: messages are built at run time.

        Raise AmbiguousError (writes only), UnavailableError, CompactedError,
        FutureRevisionError, ValueTooLargeError or LeaseNotFoundError.
        """
        if self.lost:
            raise UnavailableError(self.lost)
        return await self._call(name, request, is_write=is_write)

    async def beat(self) -> None:
        """Ask for a sign of life when none was heard for a while; note whether there was one.

        Every call of ours is answered by those only who have a quorum.
        """
        loop = asyncio.get_running_loop()
        silent_s = loop.time() - self._heard_at_s
        if silent_s < BEAT_S:
            await asyncio.sleep(BEAT_S if math.isinf(silent_s) else BEAT_S - silent_s)
            return
        with suppress(StoreError):
            request = MESSAGES["Range"](key=b"\0", count_only=True)
            await self._call("Range", request, within_s=LOST_S - BEAT_S)
        silent_s = loop.time() - self._heard_at_s
        if silent_s < BEAT_S:
            if self.lost:
                log.info("etcd answers again")
            self.lost = ""
        elif silent_s >= LOST_S:
            if not self.lost:
                log.warning("etcd does not answer", silent_s=round(silent_s, 1))
            self.lost = f"etcd: no member with a quorum answers for {silent_s:.0f} s"

    async def _call(
        self, name: str, request: Any, *, is_write: bool = False, within_s: float | None = None
    ) -> Any:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (within_s or CALL_S)
        while True:
            member = self._pick()
            left_s = min(ATTEMPT_S, max(RETRY_S, deadline - loop.time()))
            try:
                metadata = await self._metadata()
                answer = await member.calls[name](request, timeout=left_s, metadata=metadata)
            except grpc.aio.AioRpcError as error:
                details = error.details() or ""
                stale = any(word in details for word in _STALE_TOKEN)
                if not stale and error.code() not in _ELSEWHERE:
                    self._heard_at_s = loop.time()
                    raise _error_of(error) from error
                self.distrust(member, details)
                sent = not stale and not any(word in details.lower() for word in _UNSENT)
                if is_write and sent:
                    raise AmbiguousError(str(error.details())) from error
                if loop.time() + RETRY_S > deadline:
                    raise UnavailableError(f"etcd: {error.details()}") from error
                await asyncio.sleep(RETRY_S)
            else:
                self._heard_at_s = loop.time()
                return answer

    async def open_watch(self, request: Any) -> tuple[Any, _Member]:
        """Start a watch on a member; answer the stream and the member."""
        member = self._pick()
        # A member cut off from the others is to end the stream rather than stay silent.
        metadata = (*await self._metadata(), ("hasleader", "true"))
        stream = member.watch(metadata=metadata)
        try:
            await stream.write(request)
        except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
            self.distrust(member, "")
            raise
        return stream, member

    def distrust(self, member: _Member, reason: str) -> None:
        """Ask another member for a while, or for another token if that is the reason."""
        if any(word in reason for word in _STALE_TOKEN):
            self._token = ""
        else:
            member.rested_until = asyncio.get_running_loop().time() + REST_S

    async def defragment(self) -> None:
        """Have members that are mostly empty give space back, one after the other.

        A member does nothing else meanwhile, so the others are asked. Members that cannot be
        reached are left for the next time.
        """
        for member in self._members:
            with suppress(grpc.aio.AioRpcError):
                metadata = await self._metadata()
                status = await member.calls["Status"](
                    MESSAGES["Status"](), timeout=ATTEMPT_S, metadata=metadata
                )
                if status.size < DEFRAGMENT_BYTES or status.used * 2 > status.size:
                    continue
                loop = asyncio.get_running_loop()
                member.rested_until = loop.time() + DEFRAGMENT_S
                try:
                    await member.calls["Defragment"](
                        MESSAGES["Defragment"](), timeout=DEFRAGMENT_S, metadata=metadata
                    )
                finally:
                    member.rested_until = 0.0
                log.info("defragmented", member=member.address, was=status.size, used=status.used)

    async def close(self) -> None:
        """Close all connections."""
        for member in self._members:
            await member.channel.close()

    def _pick(self) -> _Member:
        now = asyncio.get_running_loop().time()
        for member in self._members:
            if member.rested_until <= now:
                return member
        return min(self._members, key=lambda member: member.rested_until)

    async def _metadata(self) -> tuple[tuple[str, str], ...]:
        if not self._settings.user:
            return ()
        async with self._authenticating:
            if not self._token:
                request = MESSAGES["Authenticate"](
                    name=self._settings.user, password=self._settings.password
                )
                call = self._pick().calls["Authenticate"]
                self._token = (await call(request, timeout=ATTEMPT_S)).token
        return (("token", self._token),)


def _channel(address: str, settings: EtcdSettings) -> grpc.aio.Channel:
    if not settings.tls:
        return grpc.aio.insecure_channel(address, options=OPTIONS)
    credentials = grpc.ssl_channel_credentials(
        *(None if path is None else path.read_bytes() for path in (settings.ca, settings.key)),
        certificate_chain=None if settings.cert is None else settings.cert.read_bytes(),
    )
    return grpc.aio.secure_channel(address, credentials, options=OPTIONS)


def _error_of(error: grpc.aio.AioRpcError) -> StoreError:
    details = error.details() or str(error.code())
    if "has been compacted" in details:
        return CompactedError(0)
    if "future revision" in details:
        return FutureRevisionError(0)
    if "too large" in details or "larger than max" in details:
        return ValueTooLargeError(details)
    if "lease not found" in details:
        return LeaseNotFoundError(details)
    return UnavailableError(f"etcd: {details}")
