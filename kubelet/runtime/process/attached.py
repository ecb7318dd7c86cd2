"""The streams of a process that runs: what it prints from now on, and its input if it takes any."""

import asyncio
import errno
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal

from kubelet.runtime.process.output import Pump
from kubelet.runtime.process.terminal import RELAY, SIZE

INPUT = "stdin"
"""The named pipe of a container that takes input."""

HOLDER = "stdin.held"
"""The pid of who keeps that pipe open while nobody is attached."""

BEHIND_MAX = 1000
"""A reader so many pieces behind misses the next ones; the log has them all."""

FULL_S = 0.02
"""How long a full pipe is left alone."""


class AttachSession:
    """One look at a container; it goes on when the look ends."""

    def __init__(
        self, folder: Path, pump: Pump, exit_code: Callable[[], Awaitable[int]], *, once: bool
    ) -> None:
        self._folder = folder
        self._pump = pump
        self._exit_code = exit_code
        self._once = once
        self._input = -1
        self._is_closed = False
        self._pieces: asyncio.Queue[tuple[Literal["stdout", "stderr"], bytes]] = asyncio.Queue(
            BEHIND_MAX
        )
        pump.readers.append(self._take)

    async def write(self, data: bytes) -> None:
        """Send to its input; nothing where it takes none."""
        await self._open()
        while data and self._input >= 0:
            try:
                data = data[os.write(self._input, data) :]
            except BlockingIOError:
                await asyncio.sleep(FULL_S)
            except OSError:
                return

    async def close_stdin(self) -> None:
        """The end of its input, where the first who was attached decides that."""
        if self._once:
            await self._open()
        if self._input < 0:
            return
        os.close(self._input)
        self._input, self._is_closed = -1, True
        if self._once:
            with suppress(OSError, ValueError):
                os.kill(int((self._folder / HOLDER).read_text()), signal.SIGKILL)

    async def resize(self, *, columns: int, rows: int) -> None:
        """Tell the terminal's size, where there is one."""
        fresh = self._folder / f"{SIZE}.new"
        fresh.write_text(f"{rows} {columns}")
        fresh.rename(self._folder / SIZE)
        # One that is not up yet reads it when it is.
        with suppress(OSError, ValueError):
            os.kill(int((self._folder / RELAY).read_text()), signal.SIGWINCH)

    async def output(self) -> AsyncIterator[tuple[Literal["stdout", "stderr"], bytes]]:
        """Yield what it prints until it ends."""
        while (piece := await self._pieces.get())[1]:
            yield piece

    async def exit_code(self) -> int:
        """Wait for its end."""
        return await self._exit_code()

    async def close(self) -> None:
        """Let go."""
        with suppress(ValueError):
            self._pump.readers.remove(self._take)
        if self._input >= 0:
            await self.close_stdin()
        self._is_closed = True

    async def _open(self) -> None:
        """Wait until the process has its end of the pipe; it may have just begun."""
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC
        while self._input < 0 and not self._is_closed and not self._pump.log.closed:
            try:
                self._input = os.open(self._folder / INPUT, flags)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    return
                await asyncio.sleep(FULL_S)

    def _take(self, stream: Literal["stdout", "stderr"], data: bytes) -> None:
        if not data and self._pieces.full():
            self._pieces.get_nowait()
        with suppress(asyncio.QueueFull):
            self._pieces.put_nowait((stream, data))
