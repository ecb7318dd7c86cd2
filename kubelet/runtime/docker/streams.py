"""Commands and logs of containers: Docker's frames turned into pieces of two streams."""

import os
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Literal

from kubelet.runtime.docker.engine import Engine, EngineError, Hijacked
from kubelet.runtime.runtime import LogOptions, RuntimeFailureError

READ_BYTES = 64 * 1024

_STREAMS: Mapping[int, Literal["stdout", "stderr"]] = {1: "stdout", 2: "stderr"}

Piece = tuple[Literal["stdout", "stderr"], bytes]


class Frames:
    """Cuts a byte stream into Docker's frames: stream, three zeros, length, content."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def take(self, data: bytes) -> list[Piece]:
        """The frames that are whole by now."""
        self._rest += data
        found: list[Piece] = []
        while len(self._rest) >= 8:
            number, size = struct.unpack_from(">BxxxI", self._rest)
            if len(self._rest) < 8 + size:
                break
            found.append((_STREAMS.get(number, "stdout"), bytes(self._rest[8 : 8 + size])))
            del self._rest[: 8 + size]
        return found


class DockerSession:
    """An exec or attach."""

    def __init__(
        self, engine: Engine, connection: Hijacked, *, exec_id: str = "", container_id: str = ""
    ) -> None:
        self._engine = engine
        self._connection = connection
        self._exec_id = exec_id
        self._container_id = container_id

    async def write(self, data: bytes) -> None:
        """Send to its standard input."""
        with suppress(ConnectionError, RuntimeError):
            self._connection.writer.write(data)
            await self._connection.writer.drain()

    async def close_stdin(self) -> None:
        """Let it read the end of its input."""
        with suppress(OSError, RuntimeError):
            self._connection.writer.write_eof()

    async def resize(self, *, columns: int, rows: int) -> None:
        """Tell the terminal's size."""
        of = f"/exec/{self._exec_id}" if self._exec_id else f"/containers/{self._container_id}"
        query = {"w": str(columns), "h": str(rows)}
        with suppress(EngineError):  # It may be over already.
            await self._engine.raw("POST", f"{of}/resize", query=query)

    async def output(self) -> AsyncIterator[Piece]:
        """Yield what it prints until it ends."""
        frames = Frames()
        with suppress(ConnectionError):
            while data := await self._connection.reader.read(READ_BYTES):
                if not self._connection.framed:
                    yield "stdout", data
                    continue
                for piece in frames.take(data):
                    yield piece

    async def exit_code(self) -> int:
        """How it ended."""
        try:
            if not self._exec_id:
                told = await self._engine.json("GET", f"/containers/{self._container_id}/json")
                return int(told["State"]["ExitCode"])
            told = await self._engine.json("GET", f"/exec/{self._exec_id}/json")
        except EngineError as error:
            raise RuntimeFailureError("Error", error.message) from None
        return int(told["ExitCode"] or 0)

    async def close(self) -> None:
        """Let go; a command that still runs is ended where its process can be reached."""
        await self._connection.close()
        if not self._exec_id:
            return
        with suppress(EngineError, ProcessLookupError, PermissionError):
            told = await self._engine.json("GET", f"/exec/{self._exec_id}/json")
            if told["Running"] and told["Pid"]:
                os.kill(told["Pid"], 9)


async def read_logs(
    engine: Engine, container_id: str, options: LogOptions, *, framed: bool
) -> AsyncIterator[bytes]:
    """Yield a container's output. Raise RuntimeFailureError."""
    query = {
        "stdout": "0" if options.stream == "Stderr" else "1",
        "stderr": "0" if options.stream == "Stdout" else "1",
        "follow": "1" if options.follow else "0",
        "timestamps": "1" if options.timestamps else "0",
        "tail": "all" if options.tail_lines is None else str(options.tail_lines),
    }
    if options.since is not None:
        query["since"] = f"{options.since.timestamp():.6f}"
    left = options.limit_bytes
    frames = Frames()
    try:
        async for data in engine.chunks(f"/containers/{container_id}/logs", query):
            piece = b"".join(text for _, text in frames.take(data)) if framed else data
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            if piece:
                yield piece
            if left is not None and left <= 0:
                return
    except EngineError as error:
        raise RuntimeFailureError("Error", error.message) from None


async def start_exec(
    engine: Engine, container_id: str, command: list[str], *, stdin: bool, tty: bool
) -> DockerSession:
    """Run a command. Raise EngineError."""
    body = {
        "AttachStdin": stdin,
        "AttachStdout": True,
        "AttachStderr": True,
        "Tty": tty,
        "Cmd": command,
    }
    made = await engine.json("POST", f"/containers/{container_id}/exec", body=body)
    connection = await engine.hijack(
        f"/exec/{made['Id']}/start", body={"Detach": False, "Tty": tty}, framed=not tty
    )
    return DockerSession(engine, connection, exec_id=made["Id"])


async def start_attach(engine: Engine, container_id: str, *, tty: bool) -> DockerSession:
    """Join a container's streams. Raise EngineError."""
    query = {"stream": "1", "stdin": "1", "stdout": "1", "stderr": "1"}
    connection = await engine.hijack(
        f"/containers/{container_id}/attach", query=query, framed=not tty
    )
    return DockerSession(engine, connection, container_id=container_id)
