"""The service knarr.v1.Maintenance: all objects out, all objects in."""

from collections.abc import AsyncIterator
from typing import Any

import grpc

from apiserver.grpc.access import Access
from apiserver.grpc.resources import Context, answering
from apiserver.registry import snapshot
from apiserver.registry.core import Core
from knarr.proto import maintenance_pb2 as pb

SERVICE = "knarr.v1.Maintenance"

PATH = "/knarr/snapshot"
"""What one must be allowed to `get` or `update`."""

PART_BYTES = 1024 * 1024
"""A message is sent once it holds this much."""


class Maintenance:
    """Saves and restores what the store holds."""

    def __init__(self, core: Core, access: Access) -> None:
        self._core = core
        self._access = access

    def handler(self) -> grpc.GenericRpcHandler:
        """What a server is given to serve this."""
        methods = {
            "Save": grpc.unary_stream_rpc_method_handler(
                answering(self._save), pb.SaveRequest.FromString, _bytes
            ),
            "Restore": grpc.stream_stream_rpc_method_handler(
                answering(self._restore), pb.SnapshotPart.FromString, _bytes
            ),
        }
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    async def _save(self, request: pb.SaveRequest, context: Context) -> None:
        await self._check(context, "get")
        part, held = pb.SnapshotPart(), 0
        for key, value in await snapshot.save(self._core.store):
            part.items.add(key=key, value=value)
            held += len(value)
            if held > PART_BYTES:
                await context.write(part)
                part, held = pb.SnapshotPart(), 0
        await context.write(part)

    async def _restore(self, parts: AsyncIterator[pb.SnapshotPart], context: Context) -> None:
        await self._check(context, "update")
        wanted = {item.key: item.value async for part in parts for item in part.items}
        done = await snapshot.restore(self._core.store, wanted)
        await context.write(pb.RestoreAnswer(written=done.written, removed=done.removed))

    async def _check(self, context: Context, verb: str) -> None:
        user = await self._access.user(context)
        self._access.check_path(user, verb, PATH)


def _bytes(message: Any) -> bytes:
    data: bytes = message.SerializeToString()
    return data
