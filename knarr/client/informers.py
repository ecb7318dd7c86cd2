"""The informers of a program: one for each kind and choice, shared by all who ask.

    async with Informers(client) as informers:
        pods = informers.of(Pod)
        await informers.listed()

Leaving the block ends them.
"""

import asyncio
from types import TracebackType
from typing import Any, TypeVar, cast

from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.client.informer import Informer

T = TypeVar("T", bound=ApiStruct)


class Informers:
    """Informers that run while the block does."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._informers: dict[tuple[type[ApiStruct], str, str, str], Informer[Any]] = {}
        self._group = asyncio.TaskGroup()
        self._tasks: dict[tuple[type[ApiStruct], str, str, str], asyncio.Task[None]] = {}

    def of(
        self,
        object_type: type[T],
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
    ) -> Informer[T]:
        """The informer of a kind, begun when first asked for."""
        scope = (object_type, namespace, label_selector, field_selector)
        informer = self._informers.get(scope)
        if informer is None:
            informer = self._informers[scope] = Informer(
                self._client,
                object_type,
                namespace=namespace,
                label_selector=label_selector,
                field_selector=field_selector,
            )
            self._tasks[scope] = self._group.create_task(
                informer.run(), name=f"informer-{object_type.__name__}"
            )
        return cast("Informer[T]", informer)

    def end(self, object_type: type[ApiStruct]) -> None:
        """Stop watching a kind that is served no longer; its objects count as gone."""
        scope = (object_type, "", "", "")
        informer = self._informers.pop(scope, None)
        if informer is not None:
            self._tasks.pop(scope).cancel()
            informer.clear()

    async def listed(self) -> None:
        """Wait until every informer asked for so far has its first list."""
        for informer in tuple(self._informers.values()):
            await informer.listed()

    async def __aenter__(self) -> "Informers":
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await self._group.__aexit__(error_type, error, traceback)
