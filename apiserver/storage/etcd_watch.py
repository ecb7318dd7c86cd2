"""One watch of etcd that outlives connections and members.

It resumes after the revision of the last event that was delivered, never after
the revision in an answer's header: while etcd catches up, that is the newest
revision of the store and not of the watch.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import grpc.aio
import structlog

from apiserver.storage.etcd_client import ATTEMPT_S, RETRY_S, EtcdClient
from apiserver.storage.etcd_messages import DELETED, MESSAGES
from apiserver.storage.sorted_keys import after_prefix
from apiserver.storage.store import Change, CompactedError, Stored, UnavailableError

log = structlog.get_logger()


async def watch(
    client: EtcdClient, prefix: str, *, after: int
) -> AsyncGenerator[Sequence[Change], None]:
    """Yield what changes below a prefix; revisions stay whole. Raise CompactedError."""
    while True:
        try:
            async with aclosing(_stream(client, prefix, after)) as answers:
                async for events in answers:
                    yield [_change_of(event) for event in events]
                    after = events[-1].kv.revision
        except grpc.aio.AioRpcError as error:
            log.warning("lost a watch of etcd", after=after, error=error.details())
        except (TimeoutError, asyncio.InvalidStateError, UnavailableError) as error:
            log.warning("no answer to a watch of etcd", after=after, error=str(error))
        await asyncio.sleep(RETRY_S)


async def _stream(client: EtcdClient, prefix: str, after: int) -> AsyncGenerator[list[Any], None]:
    """Yield the events of one stream to one member, until it ends."""
    stream, member = await client.open_watch(_request(prefix, after))
    try:
        # A member that hangs from the beginning is not left to the pings.
        async with asyncio.timeout(ATTEMPT_S):
            answer = await stream.read()
        events: list[Any] = []
        while answer is not grpc.aio.EOF and not _is_over(answer):
            events += answer.events
            if events and not answer.fragment:
                yield events
                events = []
            answer = await stream.read()
        reason = "the stream ended" if answer is grpc.aio.EOF else answer.reason
        client.distrust(member, reason)
    except grpc.aio.AioRpcError as error:
        client.distrust(member, error.details() or "")
        raise
    except TimeoutError:
        client.distrust(member, "")
        raise
    finally:
        stream.cancel()


def _request(prefix: str, after: int) -> Any:
    return MESSAGES["Watch"](
        create=MESSAGES["WatchCreate"](
            key=prefix.encode(),
            end=after_prefix(prefix).encode(),
            start=after + 1,
            previous=True,
            fragment=True,
        )
    )


def _is_over(answer: Any) -> bool:
    if answer.compacted:
        raise CompactedError(answer.compacted)
    return bool(answer.canceled)


def _change_of(event: Any) -> Change:
    kv, key = event.kv, event.kv.key.decode()
    previous = None
    if event.HasField("previous"):
        was = event.previous
        previous = Stored(key, was.value, was.revision, was.created)
    if event.type == DELETED:
        return Change("delete", key, b"", kv.revision, 0, previous)
    return Change("put", key, kv.value, kv.revision, kv.created, previous)
