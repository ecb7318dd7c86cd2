"""Carries a command's streams between gRPC and the runtime."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from knarr.proto import node_pb2 as pb
from kubelet.runtime.runtime import RuntimeFailureError, Session

Send = Callable[[pb.TerminalOutput], Awaitable[None]]


async def carry(session: Session, inputs: AsyncIterator[pb.TerminalInput], send: Send) -> None:
    """Feed the session, send what it prints and last how it ended."""
    await send(pb.TerminalOutput(started=True))
    try:
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(_feed(session, inputs))
            await _drain(session, send)
            feeding.cancel()
    finally:
        await session.close()


async def _feed(session: Session, inputs: AsyncIterator[pb.TerminalInput]) -> None:
    async for message in inputs:
        kind = message.WhichOneof("input")
        if kind == "stdin":
            await session.write(message.stdin)
        elif kind == "stdin_closed":
            await session.close_stdin()
        elif kind == "resize":
            await session.resize(columns=message.resize.columns, rows=message.resize.rows)
        elif kind == "signal":
            await session.close()
            return


async def _drain(session: Session, send: Send) -> None:
    async for stream, data in session.output():
        if stream == "stdout":
            await send(pb.TerminalOutput(stdout=data))
        else:
            await send(pb.TerminalOutput(stderr=data))
    try:
        ended = pb.TerminalExit(code=await session.exit_code())
    except RuntimeFailureError as error:
        ended = pb.TerminalExit(code=1, error=error.message)
    await send(pb.TerminalOutput(exit=ended))


async def resized(session: Session, start: pb.TerminalStart) -> None:
    """Give the terminal its first size."""
    if start.tty and start.HasField("size"):
        with suppress(OSError):
            await session.resize(columns=start.size.columns, rows=start.size.rows)
