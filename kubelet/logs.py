"""Container logs: one line of text per line printed, with time and stream.

`2024-05-01T12:00:00.123456789Z stdout F hello`: F ends a line, P is a piece of
a line that goes on. The format is that of the Container Runtime Interface.
"""

import asyncio
import os
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from kubelet.runtime.runtime import LogOptions

PIECE_BYTES_MAX = 16 * 1024
"""A line longer than this is written in pieces."""

FILE_BYTES_MAX = 10 * 1024 * 1024
"""A log file this large is put aside."""

FILES_MAX = 5
"""So many files of one container are kept, the one written to included."""

READ_BYTES = 256 * 1024


class LogWriter:
    """Writes one container's log and tells readers when there is more."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.grown = asyncio.Event()
        self.closed = False
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size
        self._rest: dict[str, bytes] = {"stdout": b"", "stderr": b""}

    def write(self, stream: str, data: bytes, now: datetime) -> None:
        """Add what a container printed; a line not yet ended is kept back."""
        stamp = f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z {stream} ".encode()
        lines = (self._rest[stream] + data).split(b"\n")
        rest = lines.pop()
        out = bytearray()
        for line in lines:
            _add(out, stamp, line)
        while len(rest) > PIECE_BYTES_MAX:
            out += stamp + b"P " + rest[:PIECE_BYTES_MAX] + b"\n"
            rest = rest[PIECE_BYTES_MAX:]
        self._rest[stream] = rest
        self._append(bytes(out))

    def finish(self, now: datetime) -> None:
        """The container ended: write what was kept back and let readers go."""
        for stream, rest in self._rest.items():
            if rest:
                stamp = f"{now:%Y-%m-%dT%H:%M:%S.%f}000Z {stream} ".encode()
                self._append(stamp + b"P " + rest + b"\n")
                self._rest[stream] = b""
        self.closed = True
        self._file.close()
        self._wake()

    def leave(self) -> None:
        """Close the file; the container goes on and somebody writes it on later."""
        self._file.close()

    def _append(self, data: bytes) -> None:
        if not data:
            return
        if self._size + len(data) > FILE_BYTES_MAX and self._size:
            self._rotate()
        self._file.write(data)
        self._size += len(data)
        self._wake()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(FILES_MAX - 1, 0, -1):
            older = rotated(self.path, number)
            if number == FILES_MAX - 1:
                older.unlink(missing_ok=True)
            newer = self.path if number == 1 else rotated(self.path, number - 1)
            if newer.exists():
                newer.rename(older)
        self._file = self.path.open("ab", buffering=0)
        self._size = 0

    def _wake(self) -> None:
        self.grown.set()
        self.grown = asyncio.Event()


def _add(out: bytearray, stamp: bytes, line: bytes) -> None:
    while len(line) > PIECE_BYTES_MAX:
        out += stamp + b"P " + line[:PIECE_BYTES_MAX] + b"\n"
        line = line[PIECE_BYTES_MAX:]
    out += stamp + b"F " + line + b"\n"


def rotated(path: Path, number: int) -> Path:
    """The name of a file put aside; 1 is the newest."""
    return path.with_name(f"{path.name}.{number}")


def render(line: bytes, options: LogOptions, since: bytes) -> bytes | None:
    """What a reader is shown of one line of a log, None when it is not for him."""
    stamp, _, rest = line.partition(b" ")
    stream, _, rest = rest.partition(b" ")
    tag, _, text = rest.partition(b" ")
    if stamp < since or (options.stream != "All" and stream != options.stream.lower().encode()):
        return None
    shown = text + (b"\n" if tag == b"F" else b"")
    return stamp + b" " + shown if options.timestamps else shown


async def read_log(
    path: Path, options: LogOptions, writer: LogWriter | None
) -> AsyncIterator[bytes]:
    """Yield a container's log; follows while `writer` writes, across files put aside."""
    left = options.limit_bytes
    reader = _Reader(path, options)
    try:
        async for piece in _pieces(reader, writer if options.follow else None):
            shown = piece if left is None else piece[:left]
            if shown:
                yield shown
            if left is not None:
                left -= len(shown)
                if left <= 0:
                    return
    finally:
        reader.close()


async def _pieces(reader: "_Reader", writer: LogWriter | None) -> AsyncIterator[bytes]:
    for piece in reader.past():
        yield piece
    while writer is not None:
        grown, over = writer.grown, writer.closed
        data = reader.more()
        if data is not None:
            yield data
        elif over:
            return
        else:
            await grown.wait()


class _Reader:
    """Reads a log on, over to the next file when the one it reads was put aside."""

    def __init__(self, path: Path, options: LogOptions) -> None:
        self._path = path
        self._options = options
        self._since = _stamp(options.since)
        self._file = path.open("rb")

    def close(self) -> None:
        self._file.close()

    def past(self) -> Iterator[bytes]:
        """What was written before: the last lines asked for, or all of it."""
        older = [rotated(self._path, number) for number in range(FILES_MAX - 1, 0, -1)]
        older = [one for one in older if one.exists()]
        if self._options.tail_lines is not None:
            last: deque[bytes] = deque(maxlen=self._options.tail_lines)
            for one in older:
                last.extend(one.read_bytes().splitlines())
            while data := _whole_lines(self._file):
                last.extend(data.splitlines())
            yield self._rendered(last)
            return
        for one in older:
            yield self._rendered(one.read_bytes().splitlines())
        while data := _whole_lines(self._file):
            yield self._rendered(data.splitlines())

    def more(self) -> bytes | None:
        """What came since, None when nothing did."""
        data = _whole_lines(self._file)
        if not data and _inode(self._path) not in (0, os.fstat(self._file.fileno()).st_ino):
            self._file.close()
            self._file = self._path.open("rb")
            data = _whole_lines(self._file)
        return self._rendered(data.splitlines()) if data else None

    def _rendered(self, lines: Iterable[bytes]) -> bytes:
        shown = (render(line, self._options, self._since) for line in lines)
        return b"".join(piece for piece in shown if piece is not None)


def _stamp(moment: datetime | None) -> bytes:
    return b"" if moment is None else f"{moment:%Y-%m-%dT%H:%M:%S.%f}".encode()


def _whole_lines(file: BinaryIO) -> bytes:
    """Read on, up to the end of the last whole line."""
    data = file.read(READ_BYTES)
    end = data.rfind(b"\n") + 1
    if end < len(data):
        file.seek(end - len(data), os.SEEK_CUR)
    return data[:end]


def _inode(path: Path) -> int:
    try:
        return path.stat().st_ino
    except OSError:
        return 0
