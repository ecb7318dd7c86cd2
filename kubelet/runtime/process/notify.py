"""Tells when files grow, through the kernel's inotify: nobody polls."""

import asyncio
import ctypes
import os
import struct
from collections.abc import Callable
from pathlib import Path

IN_MODIFY = 0x00000002
FOLDER_CHANGES = 0x00000008 | 0x00000040 | 0x00000080 | 0x00000100 | 0x00000200
"""A file of a folder was written and closed, moved away or in, made, removed."""

_EVENT = struct.Struct("iIII")
_READ_BYTES = 65536

_libc = ctypes.CDLL(None, use_errno=True)


class FileWatch:
    """Calls back when a watched file is written to."""

    def __init__(self) -> None:
        self._descriptor = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify: no more instances; raise fs.inotify limits")
        self._callbacks: dict[int, Callable[[], None]] = {}
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def add(self, path: Path, callback: Callable[[], None], mask: int = IN_MODIFY) -> int:
        """Call `callback` after each write to `path`; answer a handle for `remove`."""
        handle = _libc.inotify_add_watch(self._descriptor, os.fsencode(path), mask)
        if handle < 0:
            number = ctypes.get_errno()
            raise OSError(number, f"cannot watch {path}: {os.strerror(number)}")
        self._callbacks[handle] = callback
        return int(handle)

    def remove(self, handle: int) -> None:
        """Stop watching a file."""
        if self._callbacks.pop(handle, None) is not None:
            _libc.inotify_rm_watch(self._descriptor, handle)

    def close(self) -> None:
        """Watch nothing any more."""
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return
        offset, handles = 0, set()
        while offset < len(data):
            handle, _, _, length = _EVENT.unpack_from(data, offset)
            handles.add(handle)
            offset += _EVENT.size + length
        for handle in handles:
            callback = self._callbacks.get(handle)
            if callback is not None:
                callback()
