"""A client that answers what a test wrote down."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from knarr.api.core.pod import Pod
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.client.client import Listed, Watched


def pod(name: str, revision: int, *, owner_uid: str = "") -> Pod:
    owners = (
        (
            OwnerReference(
                api_version="apps/v1", kind="ReplicaSet", name="web", uid=owner_uid, controller=True
            ),
        )
        if owner_uid
        else ()
    )
    return Pod(
        metadata=ObjectMeta(
            namespace="default",
            name=name,
            uid=f"uid-{name}",
            resource_version=str(revision),
            owner_references=owners,
        )
    )


class Scripted:
    """Lists and watches answer in turn; a watch's script holds batches and an error at most."""

    def __init__(
        self,
        lists: Sequence[Listed[Pod] | Exception],
        watches: Sequence[Sequence[Sequence[Watched[Pod]] | Exception]],
    ) -> None:
        self.lists = list(lists)
        self.watches = list(watches)
        self.watched_after: list[int] = []
        self.stalled = False
        self.listed = 0

    async def list(self, object_type: Any, **_: Any) -> Listed[Pod]:
        self.listed += 1
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def watch(
        self, object_type: Any, *, after: int, **_: Any
    ) -> AsyncIterator[Sequence[Watched[Pod]]]:
        self.watched_after.append(after)
        for step in self.watches.pop(0) if self.watches else ():
            if isinstance(step, Exception):
                raise step
            yield step
        if not self.watches:
            self.stalled = True
            await asyncio.get_running_loop().create_future()
