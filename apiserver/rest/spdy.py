"""SPDY/3.1 as far as port-forward needs it: frames in, frames out, no I/O.

kubectl speaks it inside of a WebSocket. Headers are compressed, all of one
direction in one zlib stream whose dictionary the protocol fixes.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping

from msgspec import Struct

FRAME_BYTES_MAX = 1024 * 1024
"""Longer frames are an attack or a bug: clients send 32 KiB at a time."""

HEADER_BYTES_MAX = 64 * 1024
"""Headers longer than this once decompressed are refused, so that few bytes cannot fill memory."""

SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY = 1, 2, 3, 6, 7
FIN = 1
REFUSED_STREAM = 3
_VERSION = 3
_CONTROL = 0x8000

_COUNTED_WORDS = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language "
    "accept-ranges age allow authorization cache-control connection content-base content-encoding "
    "content-language content-length content-location content-md5 content-range content-type date "
    "etag expect expires from host if-match if-modified-since if-none-match if-range "
    "if-unmodified-since last-modified location max-forwards pragma proxy-authenticate "
    "proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status 200_OK version HTTP/1.1 url "
    "public set-cookie keep-alive origin"
)
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request"
    "401 Unauthorized403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented"
    "503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 "
    "Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,"
    "application/xml,application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age="
    "gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _dictionary() -> bytes:
    words = (word.replace("_", " ").encode() for word in _COUNTED_WORDS.split())
    return b"".join(len(word).to_bytes(4) + word for word in words) + _TAIL.encode()


DICTIONARY = _dictionary()


class SpdyError(Exception):
    """The other side does not keep to the protocol; the connection cannot go on."""


class Opened(Struct, frozen=True):
    """The other side began a stream."""

    stream: int
    headers: Mapping[str, str]
    is_last: bool


class Data(Struct, frozen=True):
    """Bytes on a stream, the last ones perhaps."""

    stream: int
    data: bytes
    is_last: bool


class Reset(Struct, frozen=True):
    """The other side gave a stream up."""

    stream: int


class Pinged(Struct, frozen=True):
    """To be sent back as it is."""

    frame: bytes


class GoneAway(Struct, frozen=True):
    """The other side begins no more streams."""


Heard = Opened | Data | Reset | Pinged | GoneAway


class Spdy:
    """The server's side of one connection."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def hear(self, data: bytes) -> Iterator[Heard]:
        """What whole frames say; the beginning of another is kept. Raise SpdyError."""
        self._waiting += data
        while len(self._waiting) >= 8:
            length = int.from_bytes(self._waiting[5:8])
            if length > FRAME_BYTES_MAX:
                raise SpdyError(f"a frame of {length} bytes")
            if len(self._waiting) < 8 + length:
                return
            frame = bytes(self._waiting[: 8 + length])
            del self._waiting[: 8 + length]
            heard = self._frame(frame)
            if heard is not None:
                yield heard

    def _frame(self, frame: bytes) -> Heard | None:
        first, second = struct.unpack_from("!HH", frame)
        is_last = bool(frame[4] & FIN)
        if not first & _CONTROL:
            return Data(int.from_bytes(frame[:4]), frame[8:], is_last)
        if first != _CONTROL | _VERSION:
            raise SpdyError(f"SPDY of version {first & ~_CONTROL}")
        if second == GOAWAY:
            return GoneAway()
        if second == PING:
            return Pinged(frame)
        if second in (SYN_STREAM, RST_STREAM):
            if len(frame) < 16:
                raise SpdyError("a frame too short")
            stream = int.from_bytes(frame[8:12]) & 0x7FFFFFFF
            if second == RST_STREAM:
                return Reset(stream)
            return Opened(stream, self._headers(frame[18:]), is_last)
        return None

    def _headers(self, block: bytes) -> Mapping[str, str]:
        try:
            text = self._inflate.decompress(block, HEADER_BYTES_MAX)
        except zlib.error as error:
            raise SpdyError(f"headers: {error}") from None
        if self._inflate.unconsumed_tail:
            raise SpdyError("headers too long")
        pieces, place = [], 4
        try:
            for _ in range(2 * int.from_bytes(text[:4])):
                end = place + 4 + struct.unpack_from("!I", text, place)[0]
                pieces.append(text[place + 4 : end].decode("latin-1"))
                place = end
        except struct.error:
            raise SpdyError("headers cut short") from None
        return dict(zip(pieces[::2], pieces[1::2], strict=True))

    def accept(self, stream: int) -> bytes:
        """The frame that takes a stream."""
        block = self._deflate.compress(bytes(4)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control(SYN_REPLY, stream.to_bytes(4) + block)

    def refuse(self, stream: int) -> bytes:
        """The frame that takes it not."""
        return _control(RST_STREAM, stream.to_bytes(4) + REFUSED_STREAM.to_bytes(4))


def data_frame(stream: int, data: bytes, *, is_last: bool = False) -> bytes:
    """The frame that carries bytes of a stream."""
    flags = FIN if is_last else 0
    return stream.to_bytes(4) + bytes([flags]) + len(data).to_bytes(3) + data


def _control(kind: int, body: bytes) -> bytes:
    return struct.pack("!HHI", _CONTROL | _VERSION, kind, len(body)) + body
