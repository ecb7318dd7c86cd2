"""Child processes that a daemon talks with.

    child = await Child.start(["nft", "-f", "-"], stdin=True)

Not asyncio's own: uvloop starts processes by fork, and gRPC's handlers for
that break the daemon's connections. `subprocess` uses vfork, which runs none.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO

READ_BYTES_MAX = 256 * 1024
"""So much of an output waits for a slow reader; then the child waits."""


def tied(arguments: Sequence[str]) -> list[str]:
    """The same command, ended by the kernel when we end, however that is.

    For what is of no use without us, and in the way when we come again.
    """
    code = (
        "import ctypes, os, signal, sys\n"
        "ctypes.CDLL(None).prctl(1, signal.SIGTERM)\n"  # PR_SET_PDEATHSIG
        f"if os.getppid() != {os.getpid()}: sys.exit(1)\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    return [sys.executable, "-S", "-E", "-c", code, *arguments]


class Child:
    """A process, with those of its streams that are pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.pid = process.pid
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        self._process = process
        self._ended = asyncio.Event()
        self._descriptor = os.pidfd_open(process.pid)
        asyncio.get_running_loop().add_reader(self._descriptor, self._over)

    @classmethod
    async def start(cls, arguments: Sequence[str], *, stdin: bool = False) -> "Child":
        """Start a command in a session of its own, with pipes. Raise OSError if it cannot be."""
        process = subprocess.Popen(  # noqa: ASYNC220  Returns as soon as it runs.
            arguments,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        child = cls(process)
        if process.stdin is not None:
            child.stdin = await _writer(process.stdin)
        assert process.stdout is not None, "it is a pipe"
        assert process.stderr is not None, "it is a pipe"
        child.stdout = await _reader(process.stdout)
        child.stderr = await _reader(process.stderr)
        return child

    @classmethod
    def start_on(cls, arguments: Sequence[str], terminal: int) -> "Child":
        """Start a command in a session of its own whose streams are all a terminal."""
        process = subprocess.Popen(
            arguments, stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
        )
        return cls(process)

    async def wait(self) -> int:
        """Its exit code once it is over; the signal's number, negative, when one ended it."""
        await self._ended.wait()
        return self._process.wait()

    def kill(self) -> None:
        """End it and what it started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, 9)

    async def end(self, *, within_s: float) -> None:
        """Ask it to end, and kill it when it has not in time."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(within_s):
                await self.wait()
        except TimeoutError:
            self.kill()
            await self.wait()

    def _over(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._process.wait()
        self._ended.set()


async def _reader(pipe: IO[bytes]) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=READ_BYTES_MAX)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader


async def _writer(pipe: IO[bytes]) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), pipe
    )
    return asyncio.StreamWriter(transport, protocol, None, loop)


async def run(
    arguments: Sequence[str], fed: bytes = b"", *, timeout_s: float
) -> tuple[int, bytes, bytes]:
    """Run a command to its end: its exit code, output and error output.

    Raise TimeoutError when it takes too long, having ended it.
    """
    child = await Child.start(arguments, stdin=bool(fed))
    assert child.stdout is not None, "it is a pipe"
    assert child.stderr is not None, "it is a pipe"
    try:
        async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
            out = group.create_task(child.stdout.read())
            err = group.create_task(child.stderr.read())
            if child.stdin is not None:
                with suppress(OSError, RuntimeError):  # It need not read all of it.
                    child.stdin.write(fed)
                    await child.stdin.drain()
                    child.stdin.close()
            code = await child.wait()
    except BaseException:
        child.kill()
        raise
    return code, out.result(), err.result()
