"""Carries a command's streams between gRPC and the runtime."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from knarr.proto import node_pb2 as pb
from kubelet.runtime.runtime import RuntimeFailureError, Session

ANSWERS_WAITING_MAX = 64
"""Pieces of output that wait for a slow client; then the command waits."""


async def carry(
    session: Session, inputs: AsyncIterator[pb.TerminalInput]
) -> AsyncIterator[pb.TerminalOutput]:
    """Feed the session, yield what it prints and last how it ended."""
    yield pb.TerminalOutput(started=True)
    queue: asyncio.Queue[pb.TerminalOutput | None] = asyncio.Queue(ANSWERS_WAITING_MAX)
    try:
        async with asyncio.TaskGroup() as group:
            feeding = group.create_task(_feed(session, inputs))
            group.create_task(_drain(session, queue))
            while (answer := await queue.get()) is not None:
                yield answer
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


async def _drain(session: Session, queue: "asyncio.Queue[pb.TerminalOutput | None]") -> None:
    async for stream, data in session.output():
        if stream == "stdout":
            await queue.put(pb.TerminalOutput(stdout=data))
        else:
            await queue.put(pb.TerminalOutput(stderr=data))
    try:
        ended = pb.TerminalExit(code=await session.exit_code())
    except RuntimeFailureError as error:
        ended = pb.TerminalExit(code=1, error=error.message)
    await queue.put(pb.TerminalOutput(exit=ended))
    await queue.put(None)


async def resized(session: Session, start: pb.TerminalStart) -> None:
    """Give the terminal its first size."""
    if start.tty and start.HasField("size"):
        with suppress(OSError):
            await session.resize(columns=start.size.columns, rows=start.size.rows)
