"""Watches: what there is, then what changes, until the time is up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

from apiserver.registry import conversion
from apiserver.registry.core import Core
from apiserver.registry.read import Wanted, at_least, bad_version, enriched, wanted
from apiserver.registry.request import ListOptions, Request
from apiserver.registry.resource import Resource
from apiserver.storage.entry import Entry, Event
from apiserver.storage.selection import Selection
from apiserver.storage.store import CompactedError, FutureRevisionError, UnavailableError
from apiserver.storage.watchers import Watch
from knarr.api.errors import ApiError, ExpiredError
from knarr.api.field_errors import FieldError, forbidden, invalid_error, not_supported

BOOKMARK_BEFORE_END_S = 2.0
"""A last bookmark comes this long before the end, so that resuming costs nothing."""

INITIAL_BATCH_MAX = 500
"""Objects told at once at the beginning of a watch."""


async def watch(
    core: Core, request: Request, resource: Resource, options: ListOptions
) -> AsyncIterator[Sequence[Event]]:
    """Begin a watch; what is wrong with the options is raised before anything is sent."""
    _check(options)
    text = options.resource_version
    if text and not text.isdecimal():
        raise ApiError(bad_version(text))
    choice = wanted(core, request, options, resource)
    revision = int(text or "0")
    begins_with_all = options.send_initial_events or (
        revision == 0 and options.send_initial_events is None
    )
    if begins_with_all or not revision:
        await at_least(resource, text, revision)
    resource.cache.check_reachable()
    if revision and not begins_with_all:
        with suppress(CompactedError):  # It is told as the first event.
            await resource.cache.reach_back(revision)
    await enriched(resource, choice)
    timeout_s = options.timeout_s
    if not timeout_s:
        timeout_s = int(core.settings.watch_timeout_s * (1 + core.rng.random()))
    deadline = asyncio.get_running_loop().time() + timeout_s
    events = _events(
        resource, choice, options, after=revision, all_first=bool(begins_with_all), until=deadline
    )
    return conversion.events_for(request.kind, resource, events)


def _check(options: ListOptions) -> None:
    errors: list[FieldError] = []
    match = options.resource_version_match
    if options.send_initial_events is not None:
        if match != "NotOlderThan":
            errors.append(
                forbidden(
                    "resourceVersionMatch",
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                )
            )
        if match and match != "NotOlderThan":
            errors.append(not_supported("resourceVersionMatch", match, ("NotOlderThan",)))
    elif match:
        errors.append(
            forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            )
        )
    if options.continue_token:
        errors.append(forbidden("continue", "continue is forbidden for watch"))
    if errors:
        raise invalid_error("meta.k8s.io", "ListOptions", "", errors)


async def _events(
    resource: Resource,
    choice: Wanted,
    options: ListOptions,
    *,
    after: int,
    all_first: bool,
    until: float,
) -> AsyncIterator[Sequence[Event]]:
    cache = resource.cache
    initial: list[Entry] = []
    if all_first:
        initial = _initial(resource, choice)
    after = cache.revision if all_first or not after else await _known(resource, after, until)
    with _begin(resource, choice, after=after, bookmarks=options.allow_bookmarks) as watching:
        for start in range(0, len(initial), INITIAL_BATCH_MAX):
            batch = initial[start : start + INITIAL_BATCH_MAX]
            yield [Event("ADDED", entry, entry.revision) for entry in batch]
        if options.send_initial_events and options.allow_bookmarks:
            yield [Event("BOOKMARK", None, after, initial_events_end=True)]
        ends = (until - BOOKMARK_BEFORE_END_S, until) if options.allow_bookmarks else (until,)
        for end in ends:
            while events := await _next(watching, end, after):
                yield events
            if end != until and not watching.has_ended:
                await cache.consistent()
                # Behind what it covers: some of that may not have been told yet.
                watching.want_bookmark()


async def _known(resource: Resource, revision: int, until: float) -> int:
    """Answer the revision. Raise ExpiredError if the store never had it.

    It is of the life that an etcd had before it was put back from a copy: who waited for it
    would see nothing until then, so they list again. A store that cannot say is waited for.
    """
    try:
        async with asyncio.timeout_at(until):
            await resource.cache.caught_up(revision)
    except FutureRevisionError as error:
        told = f"too large resource version: {revision}, current: {error.current}"
        raise ExpiredError(told) from None
    except (UnavailableError, TimeoutError):
        pass
    return revision


def _begin(resource: Resource, choice: Wanted, *, after: int, bookmarks: bool) -> Watch:
    selection = Selection(
        namespace=choice.namespace,
        name=choice.name,
        field=choice.field,
        value=choice.value,
        matches=choice.matches,
    )
    try:
        return resource.cache.watch(selection, after=after, bookmarks=bookmarks)
    except CompactedError as error:
        raise _too_old(after, error) from None


async def _next(watching: Watch, until: float, after: int) -> Sequence[Event]:
    """The next events; none when the time is up, the server stops or its store is silent."""
    try:
        async with asyncio.timeout_at(until):
            return await anext(watching)
    except (TimeoutError, StopAsyncIteration, UnavailableError):
        return ()
    except CompactedError as error:
        raise _too_old(after, error) from None


def _initial(resource: Resource, choice: Wanted) -> list[Entry]:
    if choice.name and choice.namespace:
        entry = resource.cache.get(resource.key(choice.namespace, choice.name))
        entries = [entry] if entry is not None else []
    elif choice.field:
        entries = resource.cache.having(choice.field, choice.value, choice.namespace)
    else:
        entries = resource.cache.entries(choice.namespace)
    if choice.name:
        entries = [entry for entry in entries if entry.fields["metadata.name"] == choice.name]
    if choice.matches is None:
        return entries
    return [entry for entry in entries if choice.matches(entry)]


def _too_old(revision: int, error: CompactedError) -> ExpiredError:
    return ExpiredError(f"too old resource version: {revision} ({error.compacted})")
