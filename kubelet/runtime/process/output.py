"""Turns what a container printed into its log.

The container writes to plain files, so that it needs nobody to go on; this
reads them on when they grow and gives the disk space back.
"""

import ctypes
import os
import struct
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from kubelet.logs import LogWriter
from kubelet.runtime.process.notify import FileWatch

Stream = Literal["stdout", "stderr"]
STREAMS: tuple[Stream, Stream] = ("stdout", "stderr")
READ_BYTES = 256 * 1024

GIVE_BACK_BYTES = 1024 * 1024
"""Disk space of what was read is given back in steps of this size."""

_OFFSET = struct.Struct("<q")
_PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


class Pump:
    """Carries one container's output into its log."""

    def __init__(self, folder: Path, watch: FileWatch, now: Callable[[], datetime]) -> None:
        self.log = LogWriter(folder / "log")
        self.readers: list[Callable[[Stream, bytes], None]] = []
        """Told of all that is printed, and with nothing at the end."""
        self._folder = folder
        self._watch = watch
        self._now = now
        self._offsets = os.open(folder / "read", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._files = {
            stream: os.open(folder / stream, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            for stream in STREAMS
        }
        self._given_back = dict.fromkeys(STREAMS, 0)
        self._restore()
        self._handles = [
            watch.add(folder / stream, partial(self._carry, stream)) for stream in STREAMS
        ]
        for stream in STREAMS:
            self._carry(stream)

    def finish(self) -> None:
        """The container ended: carry the rest and close the log."""
        self._let_go()
        self.log.finish(self._now())
        for reader in self.readers:
            reader("stdout", b"")

    def leave(self) -> None:
        """The kubelet ends, the container goes on."""
        self._let_go()
        self.log.leave()

    def _let_go(self) -> None:
        for handle in self._handles:
            self._watch.remove(handle)
        for stream in STREAMS:
            self._carry(stream)
            os.close(self._files[stream])
        os.close(self._offsets)

    def _restore(self) -> None:
        """Go on where the kubelet before us stopped reading."""
        kept = os.pread(self._offsets, _OFFSET.size * len(STREAMS), 0)
        for number, descriptor in enumerate(self._files.values()):
            if len(kept) >= _OFFSET.size * (number + 1):
                offset = _OFFSET.unpack_from(kept, number * _OFFSET.size)[0]
                os.lseek(descriptor, offset, os.SEEK_SET)

    def _carry(self, stream: Stream) -> None:
        descriptor = self._files[stream]
        while data := os.read(descriptor, READ_BYTES):
            self.log.write(stream, data, self._now())
            for reader in self.readers:
                reader(stream, data)
        offset = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.pwrite(self._offsets, _OFFSET.pack(offset), STREAMS.index(stream) * _OFFSET.size)
        start = self._given_back[stream]
        if offset - start >= GIVE_BACK_BYTES:
            length = (offset - start) // GIVE_BACK_BYTES * GIVE_BACK_BYTES
            _libc.fallocate(descriptor, _PUNCH_HOLE_KEEP_SIZE, start, length)
            self._given_back[stream] = start + length
