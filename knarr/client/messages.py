"""The few messages that short programs send and get, packed by hand.

The protobuf library takes longer to load than `knarr get pods` may take
altogether. A test compares every byte with what the library makes.
"""

from collections.abc import Iterator

from msgspec import Struct

from knarr.api.kind import Kind


class Answer(Struct, frozen=True):
    """One object, and what the server warned of."""

    object: bytes
    warnings: tuple[str, ...]


class ListAnswer(Struct, frozen=True):
    """A page of objects."""

    objects: list[bytes]
    revision: int
    continue_token: str
    warnings: tuple[str, ...]


def target(kind: Kind, namespace: str = "", name: str = "", subresource: str = "") -> bytes:
    """A `Target`."""
    place = namespace if kind.namespaced else ""
    return _texts(kind.group, kind.version, kind.plural, place, name, subresource)


def form(word: str) -> bytes:
    """A `Form`: `Table`, or `Table/Object` for one whose rows hold the whole object."""
    kind, _, include = word.partition("/")
    return _texts(kind, include)


def selection(labels: str, fields: str) -> bytes:
    """A `Selection`."""
    return _texts(labels, fields)


def write_options(manager: str, validation: str, *, dry_run: bool) -> bytes:
    """`WriteOptions`."""
    return _texts(manager, validation) + (b"\x18\x01" if dry_run else b"")


def get_request(place: bytes, shown: bytes) -> bytes:
    """A `GetRequest`."""
    return _part(1, place) + (_part(3, shown) if shown else b"")


def list_request(place: bytes, chosen: bytes | None, limit: int, token: str, shown: bytes) -> bytes:
    """A `ListRequest`."""
    return b"".join(
        (
            _part(1, place),
            _part(2, chosen) if chosen is not None else b"",
            b"\x18" + _varint(limit) if limit else b"",
            _part(4, token.encode()) if token else b"",
            _part(7, shown) if shown else b"",
        )
    )


def write_request(place: bytes, body: bytes, options: bytes) -> bytes:
    """A `WriteRequest`, or a `DeleteRequest`, whose fields are the same."""
    return _part(1, place) + (_part(2, body) if body else b"") + _part(3, options)


def patch_request(place: bytes, patch: bytes, kind: str, options: bytes, *, force: bool) -> bytes:
    """A `PatchRequest`."""
    return b"".join(
        (
            _part(1, place),
            _part(2, patch) if patch else b"",
            _part(3, kind.encode()),
            b"\x20\x01" if force else b"",
            _part(5, options),
        )
    )


def answer(data: bytes) -> Answer:
    """What an `Answer` says."""
    found, warnings = b"", []
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            found = value
        elif number == 3 and isinstance(value, bytes):
            warnings.append(value.decode())
    return Answer(found, tuple(warnings))


def list_answer(data: bytes) -> ListAnswer:
    """What a `ListAnswer` says."""
    objects: list[bytes] = []
    warnings: list[str] = []
    revision, token = 0, ""
    for number, value in _fields(data):
        if isinstance(value, int):
            revision = value if number == 2 else revision
        elif number == 1:
            objects.append(value)
        elif number == 3:
            token = value.decode()
        elif number == 5:
            warnings.append(value.decode())
    return ListAnswer(objects, revision, token, tuple(warnings))


def _texts(*values: str) -> bytes:
    """A message of texts, numbered from 1; empty ones are left out."""
    return b"".join(
        _part(number, value.encode()) for number, value in enumerate(values, 1) if value
    )


def _part(number: int, data: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    place = 0
    while place < len(data):
        key, place = _read(data, place)
        value, place = _read(data, place)
        if key & 7 == 2:
            yield key >> 3, data[place : place + value]
            place += value
        else:
            yield key >> 3, value


def _read(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value, place
