"""The copy that an informer keeps, and whom it tells what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from knarr.api.core.pod import Pod
from knarr.api.errors import ExpiredError, ServiceUnavailableError
from knarr.api.keys import Key
from knarr.client.client import Client, Listed, Watched
from knarr.client.informer import Informer, NotListedError
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, every, feed, owner
from tests.unit.knarr.client.scripted import Scripted, pod

pytestmark = pytest.mark.looptime

A, B, C = Key("default", "a"), Key("default", "b"), Key("default", "c")
BOOKMARK: Watched[Pod] = Watched("BOOKMARK", None, 9)


def added(name: str, revision: int, **about: Any) -> Watched[Pod]:
    return Watched("ADDED", pod(name, revision, **about), revision)


def deleted(name: str, revision: int) -> Watched[Pod]:
    return Watched("DELETED", pod(name, revision), revision)


@asynccontextmanager
async def running(script: Scripted) -> AsyncIterator[Informer[Pod]]:
    informer = Informer(cast("Client", script), Pod)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(informer.run())
        yield informer
        task.cancel()


async def test_lists_once_and_watches_from_there() -> None:
    script = Scripted([Listed([pod("a", 1)], 5)], [[[added("b", 6)], [deleted("a", 7)]]])
    async with running(script) as informer:
        await informer.caught_up(7)
        assert set(informer.objects) == {B}
        assert script.watched_after == [5]


async def test_a_broken_watch_resumes_after_the_last_revision() -> None:
    script = Scripted(
        [Listed([], 5)],
        [[[added("a", 6)], ServiceUnavailableError("gone")], [[added("b", 7)]]],
    )
    async with running(script) as informer:
        await informer.caught_up(7)
        assert set(informer.objects) == {A, B}
    assert script.watched_after == [5, 6]
    assert script.listed == 1


async def test_a_revision_too_old_makes_it_list_again_and_tell_the_difference() -> None:
    script = Scripted(
        [Listed([pod("a", 1), pod("b", 2)], 5), Listed([pod("b", 8), pod("c", 7)], 9)],
        [[ExpiredError("too old")]],
    )
    told: list[tuple[str, str]] = []

    def tell(old: Pod | None, new: Pod | None) -> None:
        seen = new or old
        assert seen is not None
        what = "deleted" if new is None else "added" if old is None else "changed"
        told.append((what, seen.metadata.name))

    async with running(script) as informer:
        informer.handle(tell)
        await informer.caught_up(9)
        assert set(informer.objects) == {B, C}
    assert told == [
        ("added", "a"),
        ("added", "b"),
        ("deleted", "a"),
        ("changed", "b"),
        ("added", "c"),
    ]


async def test_a_list_that_fails_is_tried_again() -> None:
    script = Scripted([ServiceUnavailableError("not yet"), Listed([pod("a", 1)], 5)], [])
    async with running(script) as informer:
        await informer.listed()
        assert set(informer.objects) == {A}


async def test_a_bookmark_says_how_far_the_copy_is() -> None:
    script = Scripted([Listed([], 5)], [[[BOOKMARK]]])
    async with running(script) as informer:
        await informer.caught_up(9)
        assert informer.revision == 9


async def test_an_informer_that_hears_nothing_lists_again() -> None:
    script = Scripted([Listed([], 5), Listed([pod("a", 8)], 8)], [])
    async with running(script) as informer:
        await informer.caught_up(8)
        assert set(informer.objects) == {A}


async def test_nothing_is_read_before_the_first_list() -> None:
    informer = Informer(cast("Client", Scripted([], [])), Pod)
    with pytest.raises(NotListedError):
        _ = informer.objects
    with pytest.raises(NotListedError):
        informer.owned_by("1")


async def test_finds_by_owner_before_and_after_it_changes() -> None:
    script = Scripted(
        [Listed([pod("a", 1, owner_uid="1")], 5)],
        [[[added("b", 6, owner_uid="1"), added("a", 7, owner_uid="2")], [deleted("b", 8)]]],
    )
    async with running(script) as informer:
        await informer.caught_up(7)
        await informer.caught_up(8)
        assert informer.owned_by("1") == ()
        assert [p.metadata.name for p in informer.owned_by("2")] == ["a"]
        assert len(informer.in_namespace("default")) == 1


async def test_triggers_name_whom_a_change_concerns() -> None:
    script = Scripted([Listed([pod("a", 1, owner_uid="1"), pod("b", 2)], 5)], [[[deleted("b", 6)]]])
    itself: WorkQueue[Key] = WorkQueue()
    owners: WorkQueue[Key] = WorkQueue()
    others: WorkQueue[str] = WorkQueue()
    all_of_them: WorkQueue[Key] = WorkQueue()
    async with running(script) as informer:
        feed(itself, informer)
        feed(owners, informer, owner("ReplicaSet"))
        feed(others, informer, each(lambda found: [f"seen-{found.metadata.name}"]))
        await informer.listed()
        feed(all_of_them, informer, every(informer))
        await informer.caught_up(6)
    assert len(itself) == 2
    assert len(others) == 2
    assert len(all_of_them) == 1, "b is gone and a is all there is"
    async with owners.take() as key:
        assert key == Key("default", "web")
    assert len(owners) == 0
