"""Writes a plan, then waits until our own copies show what was written.

That wait replaces expectations: the next `decide` sees the children that this
one made. After a write whose outcome is unknown (a lost answer, a server that
failed) the server is asked for its revision first, and the copies wait for
that, because the write may be done all the same. The wait is not in a
`finally`: on shutdown the informers are cancelled too, and nobody would come.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, Protocol, TypeVar

import structlog
from msgspec.structs import replace

from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.api.plan import Plan
from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.client.objects import key_of, metadata_of, revision_of

log = structlog.get_logger()

T = TypeVar("T")

WRITES_AT_ONCE_MAX = 64
"""Most writes of one plan under way at a time, so that one big plan leaves room for others."""

ASK_AGAIN_MIN_S = 0.1
"""What a worker waits before it asks a server anew that just did not answer."""

ASK_AGAIN_MAX_S = 5.0
"""The longest such wait."""


class Copy(Protocol):
    """An informer, as far as writing is concerned."""

    @property
    def object_type(self) -> type[ApiStruct]:
        """What kind of objects it holds."""
        ...

    async def caught_up(self, revision: int) -> None:
        """Wait until the copy shows every write up to `revision`."""
        ...


class Recorder(Protocol):
    """Takes events and never blocks: knarr.client.events.EventRecorder."""

    def event(
        self,
        about: ApiStruct,
        reason: str,
        message: str,
        event_type: Literal["Normal", "Warning"] = "Normal",
    ) -> None:
        """Record what happened to an object."""
        ...


async def carry_out(
    plan: Plan, client: Client, *copies: Copy, recorder: Recorder | None = None
) -> float | None:
    """Write the plan, wait until the copies show it, answer when to look again.

    Raise the first failure; what was to follow it is not written.
    """
    writing = _Writing(plan, client, recorder)
    try:
        await writing.all()
    except ApiError as error:
        if _may_be_done(error):
            await _all_caught_up(copies, await _revision_surely(client, copies))
        else:
            await writing.shown_by(copies)
        raise
    await writing.shown_by(copies)
    return plan.again_after_s


def _may_be_done(error: ApiError) -> bool:
    """Whether the write may have happened though it failed: only a refusal is certain."""
    return error.code >= 500


async def _revision_surely(client: Client, copies: Sequence[Copy]) -> int:
    """The server's revision, asked for until it answers: without it nothing may be decided."""
    wait_s = ASK_AGAIN_MIN_S
    while True:
        try:
            return await client.revision_now(*[copy.object_type for copy in copies])
        except ApiError as error:
            log.debug("no answer to the revision", error=str(error))
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, ASK_AGAIN_MAX_S)


def _preconditions(obj: ApiStruct, *, unchanged: bool) -> Preconditions:
    metadata = metadata_of(obj)
    version = metadata.resource_version if unchanged else None
    return Preconditions(uid=metadata.uid, resource_version=version)


async def _all_caught_up(copies: Sequence[Copy], revision: int) -> None:
    for copy in copies:
        await copy.caught_up(revision)


class _Writing:
    """One plan on its way, and how far each kind was written."""

    def __init__(self, plan: Plan, client: Client, recorder: Recorder | None) -> None:
        self._plan = plan
        self._client = client
        self._recorder = recorder
        self._revisions: dict[type[ApiStruct], int] = {}
        self._answers: dict[tuple[type[ApiStruct], Key], str] = {}

    async def all(self) -> None:
        """Write everything, in the order of the plan's fields."""
        plan = self._plan
        for obj in plan.ensure:
            await self._ensure(obj)
        for obj in plan.update:
            self._note(await self._client.update(self._newest(obj)))
        for patch in plan.patch:
            await self._patch(patch.object, patch)
        await self._at_once(self._delete, plan.delete)
        await self._slowly(plan.create)
        if plan.status is not None:
            self._note(await self._client.update(self._newest(plan.status), subresource="status"))
        if plan.finalize is not None:
            finalized = self._newest(plan.finalize)
            self._note(await self._client.update(finalized, subresource="finalize"))
        for notice in plan.notices:
            self._say(notice.about, notice.reason, notice.message, notice.type)

    async def shown_by(self, copies: Sequence[Copy]) -> None:
        """Wait until each copy shows what was written of its kind."""
        for copy in copies:
            await copy.caught_up(self._revisions.get(copy.object_type, 0))

    async def _ensure(self, obj: ApiStruct) -> None:
        try:
            self._note(await self._client.create(obj))
        except AlreadyExistsError:
            log.debug("is there already", kind=type(obj).__name__, key=str(key_of(obj)))

    async def _patch(self, obj: ApiStruct, patch: Any) -> None:
        try:
            answer = await self._client.patch(
                type(obj),
                key_of(obj),
                patch.body,
                patch_format=patch.format,
                subresource=patch.subresource,
            )
        except NotFoundError:
            return
        self._note(answer)

    async def _delete(self, obj: ApiStruct) -> None:
        options = replace(
            self._plan.delete_options or DeleteOptions(),
            preconditions=_preconditions(obj, unchanged=self._plan.delete_unchanged),
        )
        words = self._plan.words
        name = metadata_of(obj).name
        try:
            revision = await self._client.delete(type(obj), key_of(obj), options)
        except NotFoundError:
            return
        except ApiError as error:
            # That it changed meanwhile is no news: it is decided anew.
            if words and not isinstance(error, ConflictError):
                self._fill(words.about, "FailedDelete", words.not_deleted, name, error)
            raise
        self._reached(type(obj), revision)
        if words:
            self._fill(words.about, "SuccessfulDelete", words.deleted, name)

    async def _create(self, obj: ApiStruct) -> None:
        words = self._plan.words
        try:
            created = await self._client.create(obj)
        except ApiError as error:
            # A name in use is no news: it may be our own, made by a write whose answer was lost.
            if words and not isinstance(error, AlreadyExistsError):
                self._fill(
                    words.about, "FailedCreate", words.not_created, metadata_of(obj).name, error
                )
            raise
        self._note(created)
        if words:
            self._fill(words.about, "SuccessfulCreate", words.created, metadata_of(created).name)

    async def _slowly(self, objects: Sequence[ApiStruct]) -> None:
        """Create 1, 2, 4, … at once, so that what cannot work fails once and not 500 times."""
        begun, size = 0, 1
        while begun < len(objects):
            await self._at_once(self._create, objects[begun : begun + size])
            begun += size
            size = min(size * 2, WRITES_AT_ONCE_MAX)

    async def _at_once(
        self, write: Callable[[ApiStruct], Awaitable[None]], objects: Sequence[ApiStruct]
    ) -> None:
        """Write several side by side; wait for all of them, then raise the worst failure."""
        failures: list[ApiError] = []

        async def attempt(obj: ApiStruct) -> None:
            try:
                await write(obj)
            except ApiError as error:
                failures.append(error)

        for start in range(0, len(objects), WRITES_AT_ONCE_MAX):
            part = objects[start : start + WRITES_AT_ONCE_MAX]
            if len(part) == 1:
                await attempt(part[0])
            else:
                async with asyncio.TaskGroup() as group:
                    for obj in part:
                        group.create_task(attempt(obj))
            if failures:
                # One with an unknown outcome goes first: it decides how long we wait.
                raise max(failures, key=_may_be_done)

    def _newest(self, obj: ApiStruct) -> ApiStruct:
        """The object, guarded by the revision that this plan itself gave it, if it did."""
        version = self._answers.get((type(obj), key_of(obj)))
        if version is None:
            return obj
        metadata = replace(metadata_of(obj), resource_version=version)
        return replace(obj, metadata=metadata)

    def _note(self, answer: ApiStruct) -> None:
        self._answers[type(answer), key_of(answer)] = metadata_of(answer).resource_version
        self._reached(type(answer), revision_of(answer))

    def _reached(self, object_type: type[ApiStruct], revision: int) -> None:
        self._revisions[object_type] = max(self._revisions.get(object_type, 0), revision)

    def _fill(
        self,
        about: ApiStruct,
        reason: str,
        text: str,
        name: str,
        error: ApiError | None = None,
    ) -> None:
        """Say one of the plan's sentences, unless it is empty."""
        if text:
            message = text.replace("{name}", name).replace("{error}", str(error or ""))
            self._say(about, reason, message, "Warning" if error else "Normal")

    def _say(
        self, about: ApiStruct, reason: str, message: str, event_type: Literal["Normal", "Warning"]
    ) -> None:
        if self._recorder is not None:
            self._recorder.event(about, reason, message, event_type)
