"""How a plan is written, and what is waited for."""

import asyncio
from typing import Any, cast

import pytest

from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from knarr.api.core.pod import Pod
from knarr.api.errors import (
    AlreadyExistsError,
    ForbiddenError,
    NotFoundError,
    RequestTimeoutError,
    ServiceUnavailableError,
)
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.api.meta.selector import LabelSelector
from knarr.api.plan import Notice, Patch, Plan, Words
from knarr.api.structs import ApiStruct
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.objects import key_of, metadata_of
from tests.unit.knarr.client.scripted import pod

pytestmark = pytest.mark.looptime

OWNER = ReplicaSet(
    metadata=ObjectMeta(namespace="default", name="web", uid="1", resource_version="3"),
    spec=ReplicaSetSpec(selector=LabelSelector(match_labels={"app": "web"})),
)


class Writes:
    """Takes writes and answers growing revisions; fails where the test says so."""

    def __init__(self, fail: dict[str, Exception] | None = None) -> None:
        self.fail = fail or {}
        self.done: list[str] = []
        self.versions: list[str] = []
        self.options: list[DeleteOptions | None] = []
        self.at_once = self.at_once_max = 0
        self.batches: list[int] = []
        self.revision = 10
        self.revisions_asked = 0
        self.unreachable = 0

    async def _write(self, what: str) -> int:
        self.at_once += 1
        self.at_once_max = max(self.at_once_max, self.at_once)
        await asyncio.sleep(0.01)
        self.batches.append(self.at_once)
        self.at_once -= 1
        if what in self.fail:
            raise self.fail[what]
        self.done.append(what)
        self.revision += 1
        return self.revision

    async def create(self, obj: ApiStruct) -> ApiStruct:
        await self._write(f"create {key_of(obj).name}")
        return pod(key_of(obj).name, self.revision)

    async def update(self, obj: ApiStruct, *, subresource: str = "") -> ApiStruct:
        self.versions.append(metadata_of(obj).resource_version)
        await self._write(f"update {key_of(obj).name} {subresource}".strip())
        metadata = ObjectMeta(
            namespace="default", name=key_of(obj).name, resource_version=str(self.revision)
        )
        return ReplicaSet(metadata=metadata, spec=OWNER.spec)

    async def patch(self, object_type: Any, key: Key, patch: Any, **_: Any) -> ApiStruct:
        await self._write(f"patch {key.name}")
        return pod(key.name, self.revision)

    async def delete(self, object_type: Any, key: Key, options: DeleteOptions | None) -> int:
        self.options.append(options)
        return await self._write(f"delete {key.name}")

    async def revision_now(self, *told: type[ApiStruct]) -> int:
        self.revisions_asked += 1
        if self.unreachable:
            self.unreachable -= 1
            raise ServiceUnavailableError("nobody is there")
        return 99


class Seen:
    """A copy that remembers what was waited for."""

    object_type = Pod

    def __init__(self) -> None:
        self.waited: list[int] = []

    async def caught_up(self, revision: int) -> None:
        self.waited.append(revision)


class Said:
    def __init__(self) -> None:
        self.events: list[tuple[str, str, str]] = []

    def event(
        self, about: ApiStruct, reason: str, message: str, event_type: str = "Normal"
    ) -> None:
        self.events.append((event_type, reason, message))


async def do(plan: Plan, writes: Writes, seen: Seen, said: Said | None = None) -> float | None:
    return await carry_out(plan, cast("Client", writes), seen, recorder=said)


async def test_writes_in_the_order_of_the_fields_and_waits_for_the_last_child() -> None:
    writes, seen = Writes(), Seen()
    plan = Plan(
        ensure=(pod("e", 0),),
        update=(OWNER,),
        patch=(Patch(pod("p", 1), {}),),
        delete=(pod("d", 1),),
        create=(pod("c", 0),),
        status=OWNER,
        again_after_s=7.0,
    )
    assert await do(plan, writes, seen) == 7.0
    assert writes.done == [
        "create e", "update web", "patch p", "delete d", "create c", "update web status"
    ]  # fmt: skip
    assert seen.waited == [15], "the status is not a child's revision"


async def test_a_second_write_of_an_object_is_guarded_by_the_first_answer() -> None:
    writes = Writes()
    await do(Plan(update=(OWNER,), status=OWNER), writes, Seen())
    assert writes.versions == ["3", "11"]


async def test_creates_start_slowly() -> None:
    writes = Writes()
    await do(Plan(create=tuple(pod(f"p{n}", 0) for n in range(200))), writes, Seen())
    assert len(writes.done) == 200
    assert writes.batches[0] == 1
    assert writes.batches[1:3] == [2, 1]
    assert writes.at_once_max == 64


async def test_what_cannot_work_fails_once_and_not_a_hundred_times() -> None:
    writes = Writes({f"create p{n}": ForbiddenError("quota") for n in range(100)})
    with pytest.raises(ForbiddenError):
        await do(Plan(create=tuple(pod(f"p{n}", 0) for n in range(100))), writes, Seen())
    assert len(writes.batches) == 1


async def test_a_refusal_waits_only_for_what_was_written() -> None:
    writes, seen = Writes({"create b": ForbiddenError("no")}), Seen()
    with pytest.raises(ForbiddenError):
        await do(Plan(create=(pod("a", 0), pod("b", 0), pod("c", 0))), writes, seen)
    assert seen.waited == [12]
    assert writes.revisions_asked == 0


async def test_a_lost_answer_waits_for_the_revision_of_the_server() -> None:
    writes, seen = Writes({"create a": RequestTimeoutError("lost")}), Seen()
    with pytest.raises(RequestTimeoutError):
        await do(Plan(create=(pod("a", 0),)), writes, seen)
    assert seen.waited == [99]


async def test_a_lost_answer_beside_a_refusal_still_asks_for_the_revision() -> None:
    writes, seen = (
        Writes({"delete a": ForbiddenError("no"), "delete b": RequestTimeoutError("lost")}),
        Seen(),
    )
    with pytest.raises(RequestTimeoutError):
        await do(Plan(delete=(pod("a", 1), pod("b", 1))), writes, seen)
    assert seen.waited == [99]


async def test_the_revision_is_asked_for_until_the_server_answers() -> None:
    writes, seen = Writes({"create a": ServiceUnavailableError("gone")}), Seen()
    writes.unreachable = 5
    with pytest.raises(ServiceUnavailableError):
        await do(Plan(create=(pod("a", 0),)), writes, seen)
    assert writes.revisions_asked == 6
    assert seen.waited == [99]


async def test_what_is_gone_or_there_already_is_fine() -> None:
    writes = Writes(
        {
            "delete d": NotFoundError("gone"),
            "patch p": NotFoundError("gone"),
            "create e": AlreadyExistsError("there"),
        }
    )
    plan = Plan(ensure=(pod("e", 0),), patch=(Patch(pod("p", 1), {}),), delete=(pod("d", 1),))
    assert await do(plan, writes, Seen()) is None
    assert writes.done == []


async def test_deletes_are_guarded_by_uid() -> None:
    writes = Writes()
    options = DeleteOptions(grace_period_seconds=0)
    await do(Plan(delete=(pod("d", 1),), delete_options=options), writes, Seen())
    (asked,) = writes.options
    assert asked is not None
    assert asked.preconditions is not None
    assert asked.preconditions.uid == "uid-d"
    assert asked.grace_period_seconds == 0


async def test_says_what_it_did() -> None:
    said = Said()
    writes = Writes({"create b": ForbiddenError("quota is full")})
    plan = Plan(
        delete=(pod("d", 1),),
        create=(pod("a", 0), pod("b", 0)),
        words=Words(about=OWNER),
        notices=(Notice(OWNER, "Never", "is not said"),),
    )
    with pytest.raises(ForbiddenError):
        await do(plan, writes, Seen(), said)
    assert said.events == [
        ("Normal", "SuccessfulDelete", "Deleted pod: d"),
        ("Normal", "SuccessfulCreate", "Created pod: a"),
        ("Warning", "FailedCreate", "Error creating: quota is full"),
    ]
