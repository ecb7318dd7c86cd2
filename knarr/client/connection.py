"""Connections to one of several API servers, and what a failed call means.

One server is used at a time. When it cannot be reached the next one is tried:
at once for what only reads, since asking twice does no harm; a write is tried
again only when certainly nothing of it left this process, because otherwise
the answer may be lost and the write done. A server that says that its store
cannot be reached did nothing either.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import grpc
import msgspec
import structlog
from msgspec import Struct

from knarr.api.errors import (
    ApiError,
    InternalError,
    RequestEntityTooLargeError,
    RequestTimeoutError,
    ServiceUnavailableError,
    TooManyRequestsError,
    UnauthorizedError,
    error_from,
)
from knarr.api.meta.status import Status
from knarr.client.unary import NOT_TAKEN, UNDONE_METADATA

log = structlog.get_logger()

CALL_S = 30.0
"""The longest a call may take; a watch may last as long as it likes."""

CONNECT_S = 5.0
"""How long a watch waits for its server to begin before it is taken for unreachable."""

FAIL_OVER_S = 4.0
"""How long the servers are asked in turn: a connection that broke is made again within 3 s."""

TURN_S = 0.05

ANSWER_BYTES_MAX = 1 << 30
"""The largest answer taken: a list of some hundred thousand pods."""

_UNSENT = ("failed to connect", "connections to all backends failing", "resolution failed")
"""What gRPC says when there was no connection to send a call on."""

_STATUS_METADATA = "knarr-status-bin"
_status = msgspec.json.Decoder(Status)

_OPTIONS: Sequence[tuple[str, Any]] = (
    ("grpc.max_receive_message_length", ANSWER_BYTES_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 1024 * 1024),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 3_000),
    # Kubernetes' API servers are asked directly, whatever the environment's proxy.
    ("grpc.enable_http_proxy", 0),
)


class Credentials(Struct, frozen=True, kw_only=True):
    """Who we are and whom we believe; without an authority the connection is not encrypted."""

    authority: bytes = b""
    """The cluster's certificate authority, PEM."""
    certificate: bytes = b""
    """Our certificate, PEM, and its key."""
    key: bytes = b""
    token: str = ""
    server_name: str = ""
    """The name the server's certificate bears, where it is not the address."""

    @classmethod
    def from_files(
        cls,
        *,
        authority: Path | None = None,
        certificate: Path | None = None,
        key: Path | None = None,
        token: str = "",
    ) -> "Credentials":
        """Credentials that lie in files."""
        return cls(
            authority=authority.read_bytes() if authority else b"",
            certificate=certificate.read_bytes() if certificate else b"",
            key=key.read_bytes() if key else b"",
            token=token,
        )


class Connection:
    """One of several servers, and the next one when it fails."""

    def __init__(self, servers: Sequence[str], credentials: Credentials) -> None:
        assert servers, "there is at least one server"
        self._servers = tuple(servers)
        self._credentials = credentials
        self._current = 0
        self._channels: dict[int, grpc.aio.Channel] = {}
        self._calls: dict[tuple[int, str], Any] = {}
        self._metadata = _metadata(credentials)
        self._old: list[grpc.aio.Channel] = []

    async def renew(self, credentials: Credentials, servers: Sequence[str] = ()) -> None:
        """Show other credentials from now on, and know other servers if any are given.

        Calls under way go on over the old connections. The connections before those end,
        and so does what still runs over them: by then they are old indeed. Watches begin
        again where they were.
        """
        known = tuple(servers) or self._servers
        if credentials == self._credentials and known == self._servers:
            return
        used = self._servers[self._current]
        self._current = known.index(used) if used in known else 0
        self._servers = known
        self._credentials = credentials
        self._metadata = _metadata(credentials)
        ending, self._old = self._old, list(self._channels.values())
        self._channels = {}
        self._calls.clear()
        for channel in ending:
            await channel.close(None)

    async def unary(self, method: str, message: bytes, *, is_read: bool) -> bytes:
        """Call a method and answer its bytes. Raise ApiError."""
        loop = asyncio.get_running_loop()
        # With one server there is nothing to wait for that the caller could not wait for.
        until = loop.time() + FAIL_OVER_S if len(self._servers) > 1 else 0.0
        while True:
            server = self._current
            try:
                answer: bytes = await self._call(server, method)(
                    message, timeout=CALL_S, metadata=self._metadata
                )
            except grpc.aio.AioRpcError as error:
                failure = error_of(error)
                may_ask_again = self._is_lost(server, error) and (is_read or _is_unsent(error))
                if not may_ask_again or loop.time() > until:
                    raise failure from None
                await asyncio.sleep(TURN_S)
            except (grpc.aio.UsageError, asyncio.InvalidStateError) as error:
                raise ServiceUnavailableError(f"the connection is closed: {error}") from None
            else:
                return answer

    async def stream(self, method: str, message: bytes) -> AsyncGenerator[bytes, None]:
        """Call a method and yield its messages. Raise ApiError."""
        server = self._current
        call = self._call(server, method, streams=True)(message, metadata=self._metadata)
        try:
            try:
                async with asyncio.timeout(CONNECT_S):
                    await call.initial_metadata()
            except TimeoutError:
                self._turn_from(server)
                raise ServiceUnavailableError(
                    f"{self._servers[server]} did not begin to answer in {CONNECT_S:.0f} s"
                ) from None
            async for data in call:
                yield data
        except grpc.aio.AioRpcError as error:
            self._is_lost(server, error)
            raise error_of(error) from None
        finally:
            call.cancel()

    async def close(self) -> None:
        """Let go of all connections; calls under way are cancelled."""
        channels = (*self._old, *self._channels.values())
        self._old, self._channels = [], {}
        self._calls.clear()
        for channel in channels:
            await channel.close(None)

    def _call(self, server: int, method: str, *, streams: bool = False) -> Any:
        call = self._calls.get((server, method))
        if call is None:
            channel = self._channels.get(server)
            if channel is None:
                channel = self._channels[server] = self._open(self._servers[server])
            # Without serializers the bytes pass as they are.
            call = channel.unary_stream(method) if streams else channel.unary_unary(method)
            self._calls[server, method] = call
        return call

    def _open(self, address: str) -> grpc.aio.Channel:
        found = self._credentials
        options = list(_OPTIONS)
        if found.server_name:
            options.append(("grpc.ssl_target_name_override", found.server_name))
        if not found.authority:
            return grpc.aio.insecure_channel(address, options=options)
        tls = grpc.ssl_channel_credentials(
            found.authority, found.key or None, found.certificate or None
        )
        return grpc.aio.secure_channel(address, tls, options=options)

    def _is_lost(self, server: int, error: grpc.aio.AioRpcError) -> bool:
        """Whether the server itself failed, not the call; the next one is used then.

        One that let the time pass is left as well; what it did in that time nobody knows.
        """
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            self._turn_from(server)
            return False
        if error.code() is not grpc.StatusCode.UNAVAILABLE and not _is_not_taken(error):
            return False
        self._turn_from(server)
        return True

    def _turn_from(self, server: int) -> None:
        if self._current == server and len(self._servers) > 1:
            self._current = (server + 1) % len(self._servers)
            log.warning(
                "lost a server, turning to the next",
                server=self._servers[server],
                next=self._servers[self._current],
            )


def _metadata(credentials: Credentials) -> tuple[tuple[str, str], ...]:
    token = credentials.token
    return (("authorization", f"Bearer {token}"),) if token else ()


def _is_not_taken(error: grpc.aio.AioRpcError) -> bool:
    return error.code() is grpc.StatusCode.CANCELLED and error.details() == NOT_TAKEN


def _is_unsent(error: grpc.aio.AioRpcError) -> bool:
    """Whether the server certainly did nothing of what was asked."""
    if _is_not_taken(error) or any(key == UNDONE_METADATA for key, _ in _trailing(error)):
        return True
    return any(word in (error.details() or "").lower() for word in _UNSENT)


def _trailing(error: grpc.aio.AioRpcError) -> Sequence[tuple[str, Any]]:
    return tuple(error.trailing_metadata() or ())


def error_of(error: grpc.aio.AioRpcError) -> ApiError:
    """The error that a failed call tells of: the server's Status, or what gRPC itself says."""
    for key, value in _trailing(error):
        if key == _STATUS_METADATA:
            return error_from(_status.decode(value))
    code, words = error.code(), error.details() or ""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return RequestTimeoutError(f"no answer in {CALL_S:.0f} s")
    if code is grpc.StatusCode.UNAUTHENTICATED:
        return UnauthorizedError(words)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        too_large = "larger than max" in words
        return RequestEntityTooLargeError(words) if too_large else TooManyRequestsError(words)
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
        return ServiceUnavailableError(words or "the server cannot be reached")
    return InternalError(f"{code.name}: {words}")
