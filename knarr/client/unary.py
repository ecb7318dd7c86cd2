"""gRPC calls of one question and one answer, over a socket: HTTP/2 as far as that needs it.

The gRPC library takes longer to load than most commands take to run; streams
still go through it. One call is under way at a time, the connection is kept
for the next one.
"""

import base64
import select
import socket
import struct
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import unquote

from msgspec import Struct

from knarr.client.hpack import HeaderError, pack, unpack

if TYPE_CHECKING:
    import ssl

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW, _CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
_END_STREAM, _ACK, _END_HEADERS, _PADDED, _PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20
_REFUSED = 7
"""The code of a call that was not begun."""

_WINDOW_MAX = 2**31 - 1
_WINDOW_FIRST = 65_535
_FRAME_MAX = 16_384

FRESH_S = 10.0
"""A connection that was idle for longer is made anew: the server may have closed it."""

_OWN_SETTINGS = struct.pack("!HIHIHI", 1, 0, 2, 0, 4, _WINDOW_MAX)
"""No table of headers, no pushes, a window as wide as can be."""


class Tls(Struct, frozen=True):
    """Whom to believe, and who we are."""

    authority: bytes
    certificate: bytes = b""
    key: bytes = b""
    server_name: str = ""

    def context(self) -> "ssl.SSLContext":
        """What sockets are wrapped with. Raise ssl.SSLError."""
        import ssl  # noqa: PLC0415  # not needed by servers without TLS
        import tempfile  # noqa: PLC0415

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.authority.decode())
        # A certificate that was given counts, whether or not it is an authority's.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.set_alpn_protocols(["h2"])
        if self.certificate:
            with tempfile.NamedTemporaryFile() as file:
                file.write(self.certificate + b"\n" + self.key)
                file.flush()
                context.load_cert_chain(file.name)
        return context


class CallError(Exception):
    """The call failed: gRPC's code, words, and the Status the server sent along, if any."""

    def __init__(
        self, code: int, words: str, status: bytes = b"", *, is_unsent: bool = False
    ) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.status = status
        self.is_unsent = is_unsent
        """Whether the server certainly did nothing of what was asked."""


UNAVAILABLE, DEADLINE_EXCEEDED, INTERNAL, CANCELLED = 14, 4, 13, 1

NOT_TAKEN = "CANCELLED"
"""What a server that ends says of calls that it had received but no handler had taken yet.

A call whose handler runs ends otherwise: with its answer, or "Cancelling all calls".
"""

UNDONE_METADATA = "knarr-undone-bin"
"""What a server sends along when it did nothing because it cannot reach its store."""


class UnaryChannel:
    """Calls to one server; connects when first used."""

    def __init__(self, server: str, tls: Tls | None, metadata: Sequence[tuple[str, str]]) -> None:
        host, _, port = server.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        self._authority = server
        self._tls = tls
        self._metadata = tuple(metadata)
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def call(
        self, path: str, message: bytes, timeout_s: float | None, *, connect_s: float | None = None
    ) -> bytes:
        """Ask, and answer the one message that comes back. Raise CallError.

        `connect_s` is a shorter time for the server to take the connection.
        """
        with self._lock:
            deadline = time.monotonic() + timeout_s if timeout_s else None
            if connect_s is not None and timeout_s is not None:
                connect_s = min(connect_s, timeout_s)
            try:
                connection = self._connected(connect_s or timeout_s)
            except (OSError, struct.error) as error:
                self.close()
                if isinstance(error, TimeoutError) and connect_s is None:
                    raise CallError(DEADLINE_EXCEEDED, "Deadline Exceeded") from None
                raise CallError(UNAVAILABLE, str(error), is_unsent=True) from None
            try:
                return connection.call(self._headers(path, timeout_s), message, deadline)
            except TimeoutError:
                self.close()
                raise CallError(DEADLINE_EXCEEDED, "Deadline Exceeded") from None
            except (OSError, HeaderError, struct.error) as error:
                self.close()
                raise CallError(UNAVAILABLE, str(error)) from None

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self, timeout_s: float | None) -> "_Connection":
        known = self._connection
        if known is not None and known.is_fresh():
            return known
        self.close()
        plain = socket.create_connection((self._host, self._port), timeout=timeout_s)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is None:
            self._connection = _Connection(plain)
        else:
            name = self._tls.server_name or self._host
            secure = self._tls.context().wrap_socket(plain, server_hostname=name)
            self._connection = _Connection(secure)
        return self._connection

    def _headers(self, path: str, timeout_s: float | None) -> bytes:
        headers = [
            (":method", "POST"),
            (":scheme", "https" if self._tls is not None else "http"),
            (":path", path),
            (":authority", self._authority),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "knarr"),
        ]
        if timeout_s:
            headers.append(("grpc-timeout", f"{max(int(timeout_s * 1000), 1)}m"))
        return pack([*headers, *self._metadata])


class _Connection:
    """One socket that speaks HTTP/2."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._stream = -1
        self._room = _WINDOW_FIRST
        """How much may be sent on the connection."""
        self._room_of_stream = self._first_room = _WINDOW_FIRST
        self._frame_max = _FRAME_MAX
        self._got = b""
        self._used_at = time.monotonic()
        self._is_over = False
        grow = struct.pack("!I", _WINDOW_MAX - _WINDOW_FIRST)
        self._send(_PREFACE + _frame(_SETTINGS, 0, 0, _OWN_SETTINGS) + _frame(_WINDOW, 0, 0, grow))

    def is_fresh(self) -> bool:
        """Whether the connection is worth another call."""
        idle_s = time.monotonic() - self._used_at
        return not self._is_over and idle_s < FRESH_S and not self._is_closed_there()

    def _is_closed_there(self) -> bool:
        """Whether the server is gone: what is sent to it then is lost without a word."""
        looking = select.poll()
        looking.register(self._socket, select.POLLRDHUP)
        return bool(looking.poll(0))

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def call(self, headers: bytes, message: bytes, deadline: float | None) -> bytes:
        """Send a request and read until its stream ends. Raise CallError, OSError."""
        self._stream += 2
        self._room_of_stream = self._first_room
        self._set_timeout(deadline)
        answer = _Reply()
        self._send(_frame(_HEADERS, _END_HEADERS, self._stream, headers))
        body = b"\0" + struct.pack("!I", len(message)) + message
        while body or not answer.is_whole:
            room = min(self._room, self._room_of_stream, self._frame_max, len(body))
            if body and room > 0 and not answer.is_whole:
                part, body = body[:room], body[room:]
                self._room -= room
                self._room_of_stream -= room
                self._send(_frame(_DATA, 0 if body else _END_STREAM, self._stream, part))
                continue
            self._take(answer, deadline)
            if answer.is_whole:
                break
        self._used_at = time.monotonic()
        return answer.result()

    def _set_timeout(self, deadline: float | None) -> None:
        if deadline is None:
            self._socket.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _take(self, answer: "_Reply", deadline: float | None) -> None:
        """Read one frame and do what it asks."""
        self._set_timeout(deadline)
        kind, flags, stream, payload = self._read_frame()
        if kind == _SETTINGS and not flags & _ACK:
            self._settings(payload)
            self._send(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._send(_frame(_PING, _ACK, 0, payload))
        elif kind == _WINDOW:
            grown = struct.unpack("!I", payload)[0] & _WINDOW_MAX
            self._room += grown if stream == 0 else 0
            self._room_of_stream += grown if stream == self._stream else 0
        elif kind == _GOAWAY:
            self._is_over = True
            if struct.unpack("!I", payload[:4])[0] & _WINDOW_MAX < self._stream:
                raise CallError(UNAVAILABLE, "the server is going away", is_unsent=True)
        elif stream == self._stream:
            answer.take(kind, flags, payload)

    def _settings(self, payload: bytes) -> None:
        for place in range(0, len(payload), 6):
            name, value = struct.unpack("!HI", payload[place : place + 6])
            if name == 4:
                self._room_of_stream += value - self._first_room
                self._first_room = value
            elif name == 5:
                self._frame_max = value

    def _read_frame(self) -> tuple[int, int, int, bytes]:
        head = self._read(9)
        length = int.from_bytes(head[:3], "big")
        stream = int.from_bytes(head[5:9], "big") & _WINDOW_MAX
        return head[3], head[4], stream, self._read(length)

    def _read(self, count: int) -> bytes:
        while len(self._got) < count:
            data = self._socket.recv(max(count - len(self._got), 65_536))
            if not data:
                raise ConnectionResetError("the server closed the connection")
            self._got += data
        found, self._got = self._got[:count], self._got[count:]
        return found


class _Reply:
    """What has come of an answer."""

    def __init__(self) -> None:
        self.is_whole = False
        self._parts: list[bytes] = []
        self._block = b""
        self._ends = False
        self._headers: dict[str, str] = {}

    def take(self, kind: int, flags: int, payload: bytes) -> None:
        """Add a frame of the stream."""
        if kind == _RESET:
            code = struct.unpack("!I", payload)[0]
            if "grpc-status" not in self._headers:
                words = f"the server ended the call (code {code})"
                raise CallError(UNAVAILABLE, words, is_unsent=code == _REFUSED)
            self.is_whole = True
            return
        if kind == _DATA:
            self._parts.append(_unpadded(flags, payload))
            self.is_whole = bool(flags & _END_STREAM)
        elif kind in (_HEADERS, _CONTINUATION):
            if kind == _HEADERS:
                payload = _unpadded(flags, payload)
                self._ends = bool(flags & _END_STREAM)
                payload = payload[5:] if flags & _PRIORITY else payload
            self._block += payload
            if flags & _END_HEADERS:
                self._headers.update(unpack(self._block))
                self._block = b""
                self.is_whole = self._ends

    def result(self) -> bytes:
        """The message. Raise CallError."""
        status = self._headers.get("grpc-status", "")
        if status != "0":
            words = unquote(self._headers.get("grpc-message", ""))
            if not status:
                words = f"the server answered HTTP {self._headers.get(':status')}: is it gRPC?"
            about = self._headers.get("knarr-status-bin", "")
            padded = about + "=" * (-len(about) % 4)
            if status == str(CANCELLED) and words == NOT_TAKEN:
                raise CallError(UNAVAILABLE, "the server is ending", is_unsent=True)
            is_undone = UNDONE_METADATA in self._headers
            code, told = int(status or INTERNAL), base64.b64decode(padded)
            raise CallError(code, words, told, is_unsent=is_undone)
        body = b"".join(self._parts)
        if len(body) < 5 or body[0]:
            raise CallError(INTERNAL, "the server's answer cannot be read")
        return body[5 : 5 + struct.unpack("!I", body[1:5])[0]]


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack("!I", len(payload) << 8 | kind) + struct.pack("!BI", flags, stream) + payload


def _unpadded(flags: int, payload: bytes) -> bytes:
    return payload[1 : len(payload) - payload[0]] if flags & _PADDED else payload
