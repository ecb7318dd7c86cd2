"""Snapshots of a whole cluster: taken from a server, kept in a file, given back.

A file is gzipped lines of JSON, so that people can read it with zcat: the
first says what it is, each further one has a key and the object kept there.
"""

import gzip
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from knarr.client.dynamic import DynamicClient

FORMAT = "knarr-snapshot"
VERSION = 1

_SERVICE = "/knarr.v1.Maintenance/"
_PART_ITEMS = 500
"""Objects sent in one message."""


class SnapshotFileError(ValueError):
    """The file is no snapshot."""


class Restored(Struct, frozen=True):
    """What a restore did."""

    written: int
    removed: int


def save(client: "DynamicClient") -> Iterator[tuple[str, bytes]]:
    """Every object of this moment by its key. Raise StatusError."""
    from knarr.proto import maintenance_pb2 as pb  # noqa: PLC0415

    for data in client.stream(f"{_SERVICE}Save", pb.SaveRequest().SerializeToString()):
        for item in pb.SnapshotPart.FromString(data).items:
            yield item.key, item.value


def restore(client: "DynamicClient", items: Iterable[tuple[str, bytes]]) -> Restored:
    """Make the cluster's objects these. Raise StatusError."""
    from knarr.proto import maintenance_pb2 as pb  # noqa: PLC0415

    def parts() -> Iterator[bytes]:
        part = pb.SnapshotPart()
        for key, value in items:
            part.items.add(key=key, value=value)
            if len(part.items) >= _PART_ITEMS:
                yield part.SerializeToString()
                part = pb.SnapshotPart()
        yield part.SerializeToString()

    done = Restored(0, 0)
    for data in client.both(f"{_SERVICE}Restore", parts()):
        answer = pb.RestoreAnswer.FromString(data)
        done = Restored(answer.written, answer.removed)
    return done


def write(path: Path, items: Iterable[tuple[str, bytes]]) -> int:
    """Keep objects in a file that only we can read; answer how many. Raise OSError."""
    fresh = path.with_name(f".{path.name}.part")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    count = 0
    with gzip.open(fresh, "wb", compresslevel=5) as file:
        file.write(json.dumps({"format": FORMAT, "version": VERSION}).encode() + b"\n")
        for key, value in items:
            file.write(b'{"key":%s,"value":%s}\n' % (json.dumps(key).encode(), value))
            count += 1
    fresh.rename(path)
    return count


def read(path: Path) -> list[tuple[str, bytes]]:
    """The objects of a file. Raise OSError, SnapshotFileError."""
    try:
        with gzip.open(path, "rb") as file:
            head = json.loads(file.readline())
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise SnapshotFileError(f"{path} is no snapshot")
            if head.get("version") != VERSION:
                raise SnapshotFileError(f"{path} is a snapshot of another version")
            return [_item(line) for line in file]
    except (EOFError, gzip.BadGzipFile, ValueError) as error:
        if isinstance(error, SnapshotFileError):
            raise
        raise SnapshotFileError(f"{path} is no snapshot, or not all of one") from None


def _item(line: bytes) -> tuple[str, bytes]:
    found = json.loads(line)
    head = b'{"key":%s,"value":' % json.dumps(found["key"]).encode()
    if not line.startswith(head):
        return found["key"], json.dumps(found["value"], separators=(",", ":")).encode()
    return found["key"], line.removeprefix(head).rstrip(b"\n")[:-1]
