"""Follows the ConfigMaps and Secrets that pods of this node use, each by its name.

An object is watched from its first use to the end of the last pod that uses
it; whoever uses it is woken when it changes. Nobody polls, and nothing is seen
of objects that no pod here names.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from knarr.api.keys import Key
from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.client.informer import Informer

T = TypeVar("T", bound=ApiStruct)

FIRST_ANSWER_S = 10.0
"""How long a pod waits for the first sight of an object."""


class NotSeenError(Exception):
    """The server has not said yet whether the object is there."""


class _Followed:
    """One object, or its absence, and who uses it."""

    def __init__(self, informer: Informer[Any], task: "asyncio.Task[None]") -> None:
        self.informer = informer
        self.task = task
        self.users: set[str] = set()


class WatchedObjects:
    """The objects in use on this node."""

    def __init__(self, client: Client, wake: Callable[[str], None]) -> None:
        self._client = client
        self._wake = wake
        self._followed: dict[tuple[type[ApiStruct], Key], _Followed] = {}
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Hold the watches until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            await asyncio.Event().wait()

    async def get(self, object_type: type[T], key: Key, user: str) -> T | None:
        """The object as it is, None where there is none; the user hears of its changes."""
        found = self._followed.get((object_type, key)) or self._follow(object_type, key)
        found.users.add(user)
        try:
            async with asyncio.timeout(FIRST_ANSWER_S):
                await found.informer.listed()
        except TimeoutError:
            kind = object_type.__name__.lower()
            message = f"failed to sync {kind} cache: timed out waiting for the condition"
            raise NotSeenError(message) from None
        seen: T | None = found.informer.objects.get(key)
        return seen

    def forget(self, user: str) -> None:
        """The user is gone; what nobody else uses is followed no more."""
        for which, found in list(self._followed.items()):
            found.users.discard(user)
            if not found.users:
                found.task.cancel()
                del self._followed[which]

    def _follow(self, object_type: type[T], key: Key) -> _Followed:
        assert self._group is not None, "run() comes first"
        informer = Informer(
            self._client,
            object_type,
            namespace=key.namespace,
            field_selector=f"metadata.name={key.name}",
        )
        task = self._group.create_task(informer.run(), name=f"watched-{key}")
        found = _Followed(informer, task)
        self._followed[object_type, key] = found

        def changed(old: T | None, new: T | None) -> None:
            for user in sorted(found.users) if informer.is_listed else ():
                self._wake(user)

        informer.handle(changed)
        return found
