"""Commands run beside a container's process, and connections to its ports."""

import asyncio
import fcntl
import os
import pty
import struct
import termios
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Literal

from knarr.daemon.child import Child
from kubelet.runtime.tcp import TcpConnection

READ_BYTES = 65536


class PipeSession:
    """A command without a terminal: its streams are pipes."""

    def __init__(self, process: Child) -> None:
        self._process = process

    async def write(self, data: bytes) -> None:
        """Send to its standard input."""
        if self._process.stdin is not None:
            with suppress(ConnectionError):
                self._process.stdin.write(data)
                await self._process.stdin.drain()

    async def close_stdin(self) -> None:
        """Let it read the end of its input."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    async def resize(self, *, columns: int, rows: int) -> None:
        """Nothing to do: there is no terminal."""

    async def output(self) -> AsyncIterator[tuple[Literal["stdout", "stderr"], bytes]]:
        """Yield what it prints, both streams as they come."""
        queue: asyncio.Queue[tuple[Literal["stdout", "stderr"], bytes]] = asyncio.Queue(16)
        async with asyncio.TaskGroup() as group:
            group.create_task(_forward(self._process.stdout, "stdout", queue))
            group.create_task(_forward(self._process.stderr, "stderr", queue))
            ended = 0
            while ended < 2:
                stream, data = await queue.get()
                if data:
                    yield stream, data
                else:
                    ended += 1

    async def exit_code(self) -> int:
        """Wait for its end; 128 and the signal when one ended it."""
        code = await self._process.wait()
        return 128 - code if code < 0 else code

    async def close(self) -> None:
        """End it."""
        self._process.kill()
        await self._process.wait()


async def _forward(
    reader: asyncio.StreamReader | None,
    stream: Literal["stdout", "stderr"],
    queue: "asyncio.Queue[tuple[Literal['stdout', 'stderr'], bytes]]",
) -> None:
    while reader is not None and (data := await reader.read(READ_BYTES)):
        await queue.put((stream, data))
    await queue.put((stream, b""))


class TerminalSession:
    """A command with a terminal: one stream both ways."""

    def __init__(self, process: Child, terminal: int) -> None:
        self._process = process
        self._terminal = terminal
        self._queue: asyncio.Queue[bytes] = asyncio.Queue()
        os.set_blocking(terminal, False)
        asyncio.get_running_loop().add_reader(terminal, self._read)

    async def write(self, data: bytes) -> None:
        """Type into the terminal."""
        while data and self._terminal >= 0:
            try:
                data = data[os.write(self._terminal, data) :]
            except BlockingIOError:
                await asyncio.sleep(0.01)
            except OSError:
                return

    async def close_stdin(self) -> None:
        """Type the end-of-input character."""
        await self.write(b"\x04")

    async def resize(self, *, columns: int, rows: int) -> None:
        """Tell the terminal's size."""
        if self._terminal < 0:
            return  # It is over already.
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    async def output(self) -> AsyncIterator[tuple[Literal["stdout", "stderr"], bytes]]:
        """Yield what the terminal shows."""
        while data := await self._queue.get():
            yield "stdout", data

    async def exit_code(self) -> int:
        """Wait for its end; 128 and the signal when one ended it."""
        code = await self._process.wait()
        return 128 - code if code < 0 else code

    async def close(self) -> None:
        """End it and give the terminal back."""
        self._process.kill()
        await self._process.wait()
        self._let_go()

    def _read(self) -> None:
        try:
            data = os.read(self._terminal, READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._queue.put_nowait(data)
        if not data:
            self._let_go()

    def _let_go(self) -> None:
        if self._terminal >= 0:
            asyncio.get_running_loop().remove_reader(self._terminal)
            os.close(self._terminal)
            self._terminal = -1


async def run_piped(arguments: Sequence[str], *, stdin: bool) -> PipeSession:
    """Start a command with pipes."""
    return PipeSession(await Child.start(arguments, stdin=stdin))


async def run_on_terminal(arguments: Sequence[str]) -> TerminalSession:
    """Start a command on a terminal of its own."""
    ours, theirs = pty.openpty()
    try:
        process = Child.start_on(arguments, theirs)
    finally:
        os.close(theirs)
    return TerminalSession(process, ours)


async def open_tcp(ip: str, port: int) -> TcpConnection:
    """Connect to a port. Raise OSError when nobody listens."""
    return TcpConnection(*await asyncio.open_connection(ip, port))
