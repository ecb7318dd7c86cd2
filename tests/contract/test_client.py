"""What every client promises, in the same process and over gRPC."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from msgspec.structs import replace

from apiserver.auth.authenticate import Authentication
from apiserver.auth.gate import Gate
from apiserver.grpc.server import serve_grpc
from apiserver.registry.registry import Registry
from apiserver.registry.request import User
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from apiserver.storage.store import Store
from knarr.api.core.binding import Binding
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.references import ObjectReference
from knarr.api.errors import (
    AlreadyExistsError,
    ConflictError,
    ExpiredError,
    InvalidError,
    NotFoundError,
)
from knarr.api.keys import Key
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.api.meta.status import Status
from knarr.api.plan import Plan
from knarr.api.tags import tag_type
from knarr.client.carry_out import carry_out
from knarr.client.client import Client, Watched
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from knarr.client.informers import Informers
from knarr.client.leader import leadership
from knarr.client.objects import key_of, metadata_of
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock, seeded

ADMIN = User("admin", groups=("system:masters",))


@asynccontextmanager
async def registry(store: Store) -> AsyncIterator[Registry]:
    made = Registry(
        store, clock=SystemClock(), rng=seeded(1), settings=Settings(service_account_tokens=False)
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await made.ready()
        yield made
        running.cancel()


@asynccontextmanager
async def in_process(store: Store) -> AsyncIterator[Client]:
    async with registry(store) as made:
        yield InProcessClient(made, user=ADMIN, field_manager="test")


@asynccontextmanager
async def over_grpc(store: Store) -> AsyncIterator[Client]:
    gate = Gate(Authentication(tokens={"secret": ADMIN}, anonymous=False), ())
    async with (
        registry(store) as made,
        serve_grpc(made, gate, "127.0.0.1", 0) as front,
        connect(
            (f"127.0.0.1:{front.port}",), Credentials(token="secret"), field_manager="test"
        ) as client,
    ):
        yield client


CLIENTS = {"in process": in_process, "gRPC": over_grpc}


@pytest.fixture(params=CLIENTS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    async with CLIENTS[request.param](MemoryStore()) as made:
        yield made


def config(name: str, *, labels: dict[str, str] | None = None, **data: str) -> ConfigMap:
    return ConfigMap(
        metadata=ObjectMeta(namespace="default", name=name, labels=labels or {}), data=data
    )


def pod(name: str) -> Pod:
    return Pod(
        metadata=ObjectMeta(namespace="default", name=name),
        spec=PodSpec(containers=(Container(name="main", image="nginx"),)),
    )


WEB = Key("default", "web")


async def collected(
    client: Client, object_type: type[Any], after: int, count: int, **choice: str
) -> Sequence[Watched[Any]]:
    events: list[Watched[Any]] = []
    async with asyncio.timeout(5):
        async for batch in client.watch(object_type, after=after, **choice):
            events += [event for event in batch if event.object is not None]
            if len(events) >= count:
                break
    return events


async def test_a_create_answers_what_is_stored(client: Client) -> None:
    created = await client.create(config("web", colour="blue"))
    assert created.metadata.uid
    assert created.metadata.creation_timestamp
    assert int(created.metadata.resource_version) <= await client.revision_now()
    assert await client.get(ConfigMap, WEB) == created


async def test_a_name_that_is_taken(client: Client) -> None:
    await client.create(config("web"))
    with pytest.raises(AlreadyExistsError, match='configmaps "web" already exists') as caught:
        await client.create(config("web"))
    assert caught.value.details is not None
    assert caught.value.details.name == "web"


async def test_what_is_not_there(client: Client) -> None:
    with pytest.raises(NotFoundError, match='configmaps "web" not found'):
        await client.get(ConfigMap, WEB)
    with pytest.raises(NotFoundError):
        await client.delete(ConfigMap, WEB)


async def test_a_broken_rule_names_its_field(client: Client) -> None:
    with pytest.raises(InvalidError) as caught:
        await client.create(config("Not A Name"))
    assert caught.value.details is not None
    assert [cause.field for cause in caught.value.details.causes] == ["metadata.name"]


@pytest.mark.parametrize("count", [200, 2000])
async def test_many_broken_rules_arrive_too(client: Client, count: int) -> None:
    labels = {f"not a label {number}": "!" for number in range(count)}
    with pytest.raises(InvalidError, match="not a label 0"):
        await client.create(config("web", labels=labels))


async def test_an_update_of_what_changed_since_conflicts(client: Client) -> None:
    first = await client.create(config("web", colour="blue"))
    second = await client.update(replace(first, data={"colour": "red"}))
    assert second.data == {"colour": "red"}
    with pytest.raises(ConflictError):
        await client.update(replace(first, data={"colour": "green"}))
    assert (await client.get(ConfigMap, WEB)).data == {"colour": "red"}


async def test_a_status_is_written_apart(client: Client) -> None:
    created = await client.create(pod("web"))
    wished = replace(created, spec=replace(created.spec, node_name="node-0"))
    wished = replace(wished, status=replace(created.status, phase="Running"))
    updated = await client.update(wished, subresource="status")
    assert updated.status.phase == "Running"
    assert updated.spec == created.spec


@pytest.mark.parametrize(
    ("patch", "patch_format"),
    [
        pytest.param({"data": {"colour": "red"}}, "merge", id="merge"),
        pytest.param({"data": {"colour": "red"}}, "strategic", id="strategic"),
        pytest.param(
            [{"op": "replace", "path": "/data/colour", "value": "red"}], "json", id="json"
        ),
    ],
)
async def test_a_patch_changes_a_part(client: Client, patch: Any, patch_format: Any) -> None:
    await client.create(config("web", colour="blue", size="7"))
    patched = await client.patch(ConfigMap, WEB, patch, patch_format=patch_format)
    assert patched.data == {"colour": "red", "size": "7"}


async def test_a_delete_answers_its_revision(client: Client) -> None:
    created = await client.create(config("web"))
    revision = await client.delete(ConfigMap, WEB)
    assert revision > int(created.metadata.resource_version)
    (event,) = await collected(client, ConfigMap, int(created.metadata.resource_version), 1)
    assert (event.type, event.revision) == ("DELETED", revision)


async def test_a_delete_guarded_by_uid(client: Client) -> None:
    await client.create(config("web"))
    with pytest.raises(ConflictError):
        await client.delete(
            ConfigMap, WEB, DeleteOptions(preconditions=Preconditions(uid="another"))
        )
    assert await client.get(ConfigMap, WEB)


async def test_lists_what_selectors_choose(client: Client) -> None:
    await client.create(config("a", labels={"app": "web"}))
    await client.create(config("b", labels={"app": "db"}))
    chosen = await client.list(ConfigMap, namespace="default", label_selector="app=web")
    assert [found.metadata.name for found in chosen.items] == ["a"]
    by_field = await client.list(ConfigMap, field_selector="metadata.name=b")
    assert [found.metadata.name for found in by_field.items] == ["b"]
    assert by_field.revision >= await client.revision_now() - 1


async def test_lists_page_by_page(client: Client) -> None:
    for name in "abcde":
        await client.create(config(name, labels={"of": "test"}))
    names: list[str] = []
    token = ""
    for _ in range(5):
        page = await client.list(ConfigMap, namespace="default", limit=2, continue_token=token)
        names += [found.metadata.name for found in page.items]
        token = page.continue_token
        if not token:
            break
        assert page.remaining
    assert [name for name in names if len(name) == 1] == list("abcde")
    assert page.remaining is None


async def test_a_watch_yields_every_change_in_order(client: Client) -> None:
    after = await client.revision_now()
    created = await client.create(config("web"))
    updated = await client.update(replace(created, data={"colour": "red"}))
    await client.delete(ConfigMap, WEB)
    events = await collected(client, ConfigMap, after, 3, namespace="default")
    assert [event.type for event in events] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event.revision for event in events] == sorted(event.revision for event in events)
    assert events[1].object == updated


async def test_what_leaves_the_selection_is_deleted_for_its_watchers(client: Client) -> None:
    after = await client.revision_now()
    created = await client.create(config("web", labels={"app": "web"}))
    await client.update(replace(created, metadata=replace(created.metadata, labels={})))
    events = await collected(client, ConfigMap, after, 2, label_selector="app=web")
    assert [event.type for event in events] == ["ADDED", "DELETED"]


async def test_a_watch_that_waits_hears_of_a_later_write(client: Client) -> None:
    after = await client.revision_now()
    async with asyncio.TaskGroup() as group:
        hearing = group.create_task(collected(client, ConfigMap, after, 1))
        await asyncio.sleep(0.05)
        await client.create(config("web"))
    (event,) = hearing.result()
    assert (event.type, key_of(cast("ConfigMap", event.object))) == ("ADDED", WEB)


@pytest.mark.parametrize("kind", CLIENTS)
async def test_a_revision_too_old_has_expired(kind: str) -> None:
    store = MemoryStore()
    async with registry(store) as first:
        await InProcessClient(first).create(config("web"))
    async with CLIENTS[kind](store) as client:
        with pytest.raises(ExpiredError):
            await collected(client, ConfigMap, 1, 1)


async def test_a_pod_is_bound(client: Client) -> None:
    await client.create(pod("web"))
    binding = Binding(metadata=ObjectMeta(name="web"), target=ObjectReference(name="node-0"))
    answer = await client.call(Pod, WEB, "binding", binding, Status)
    assert answer.status == "Success"
    assert (await client.get(Pod, WEB)).spec.node_name == "node-0"


async def test_an_informer_shows_what_was_written(client: Client) -> None:
    async with Informers(client) as informers:
        configs = informers.of(ConfigMap, namespace="default")
        assert informers.of(ConfigMap, namespace="default") is configs
        await informers.listed()
        plan = Plan(create=tuple(config(f"c{n}") for n in range(20)))
        async with asyncio.timeout(5):
            await carry_out(plan, client, configs)
        assert {f"c{n}" for n in range(20)} <= {key.name for key in configs.objects}


async def test_a_tag_shows_the_metadata_of_any_kind(client: Client) -> None:
    tag = tag_type(kind_of(ConfigMap))
    created = await client.create(config("web", colour="blue"))
    shown = await client.get(tag, WEB)
    assert metadata_of(shown) == created.metadata
    patched = await client.patch(tag, WEB, {"metadata": {"labels": {"app": "web"}}})
    assert metadata_of(patched).labels == {"app": "web"}
    assert (await client.get(ConfigMap, WEB)).data == {"colour": "blue"}
    async with Informers(client) as informers:
        tags = informers.of(tag, namespace="default")
        await informers.listed()
        assert metadata_of(tags.objects[WEB]).uid == created.metadata.uid
        await tags.caught_up(await client.delete(tag, WEB))
        assert WEB not in tags.objects


async def test_a_copy_of_another_kind_is_told_how_far_it_is(client: Client) -> None:
    async with Informers(client) as informers:
        pods = informers.of(Pod)
        await informers.listed()
        await client.create(config("web"))
        async with asyncio.timeout(2):
            await pods.caught_up(await client.revision_now(Pod))


async def test_one_leads_and_the_next_follows_at_once_when_it_ends(client: Client) -> None:
    told: list[str] = []

    async def lead(name: str, until: asyncio.Event) -> None:
        async with leadership(client, "test", name, SystemClock(), namespace="default"):
            told.append(name)
            await until.wait()

    first, second = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(8), asyncio.TaskGroup() as group:
        group.create_task(lead("first", first))
        await asyncio.sleep(0.1)
        group.create_task(lead("second", second))
        await asyncio.sleep(0.1)
        assert told == ["first"]
        first.set()
        second.set()
    assert told == ["first", "second"]
