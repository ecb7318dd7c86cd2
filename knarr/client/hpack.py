"""Headers of HTTP/2 (RFC 7541) without a dynamic table: all that a client of few calls needs.

Headers go out as they are, without compression. What comes in may be packed
with the RFC's Huffman code, which its lengths define: codes of one length
follow each other in the order of their symbols.
"""

from collections.abc import Iterator, Sequence
from functools import cache

_LENGTHS = (
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
)  # fmt: skip
"""The length of each byte's code, in bits."""

_NAMES = (
    ":authority", ":method", ":method", ":path", ":path", ":scheme", ":scheme", ":status",
    ":status", ":status", ":status", ":status", ":status", ":status", "accept-charset",
    "accept-encoding", "accept-language", "accept-ranges", "accept",
    "access-control-allow-origin", "age", "allow", "authorization", "cache-control",
    "content-disposition", "content-encoding", "content-language", "content-length",
    "content-location", "content-range", "content-type", "cookie", "date", "etag", "expect",
    "expires", "from", "host", "if-match", "if-modified-since", "if-none-match", "if-range",
    "if-unmodified-since", "last-modified", "link", "location", "max-forwards",
    "proxy-authenticate", "proxy-authorization", "range", "referer", "refresh", "retry-after",
    "server", "set-cookie", "strict-transport-security", "transfer-encoding", "user-agent",
    "vary", "via", "www-authenticate",
)  # fmt: skip
_VALUES = {
    2: "GET", 3: "POST", 4: "/", 5: "/index.html", 6: "http", 7: "https", 8: "200", 9: "204",
    10: "206", 11: "304", 12: "400", 13: "404", 14: "500", 16: "gzip, deflate",
}  # fmt: skip
"""The static table: names from 1 on, and the values of those that have one."""


class HeaderError(ValueError):
    """The headers cannot be read."""


def pack(headers: Sequence[tuple[str, str]]) -> bytes:
    """Headers as they go out: literal, never indexed."""
    found = bytearray()
    for name, value in headers:
        found.append(0x10)
        for text in (name.encode(), value.encode()):
            found += _integer(len(text), 7) + text
    return bytes(found)


def unpack(block: bytes) -> list[tuple[str, str]]:
    """Headers that came in. Raise HeaderError."""
    try:
        return list(_read_all(block))
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise HeaderError(str(error)) from None


def _read_all(block: bytes) -> Iterator[tuple[str, str]]:
    place = 0
    while place < len(block):
        first = block[place]
        if first & 0x80:
            index, place = _number(block, place, 7)
            yield _NAMES[index - 1], _VALUES.get(index, "")
            continue
        if first & 0xE0 == 0x20:  # The table is to have another size: there is none.
            _, place = _number(block, place, 5)
            continue
        index, place = _number(block, place, 6 if first & 0x40 else 4)
        name = _NAMES[index - 1] if index else ""
        if not index:
            name, place = _text(block, place)
        value, place = _text(block, place)
        yield name, value


def _text(block: bytes, place: int) -> tuple[str, int]:
    is_packed = bool(block[place] & 0x80)
    length, place = _number(block, place, 7)
    data = block[place : place + length]
    return (_unhuff(data) if is_packed else data.decode()), place + length


def _integer(value: int, bits: int) -> bytes:
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((value,))
    found, value = bytearray((limit,)), value - limit
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _number(block: bytes, place: int, bits: int) -> tuple[int, int]:
    limit = (1 << bits) - 1
    value, place, shift = block[place] & limit, place + 1, 0
    if value < limit:
        return value, place
    while True:
        byte = block[place]
        value += (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place


@cache
def _codes() -> dict[tuple[int, int], int]:
    """The byte of each code, by its length and its bits."""
    found: dict[tuple[int, int], int] = {}
    code = before = 0
    for length, byte in sorted((length, byte) for byte, length in enumerate(_LENGTHS)):
        code <<= length - before
        found[length, code] = byte
        code, before = code + 1, length
    return found


def _unhuff(data: bytes) -> str:
    codes, found = _codes(), bytearray()
    code = length = 0
    for byte in data:
        for place in range(7, -1, -1):
            code, length = code << 1 | (byte >> place) & 1, length + 1
            symbol = codes.get((length, code))
            if symbol is not None:
                found.append(symbol)
                code = length = 0
    if length > 7 or code != (1 << length) - 1:
        raise HeaderError("the padding of a packed text is wrong")
    return found.decode()
