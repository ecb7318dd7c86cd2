"""What the verbs do to one object."""

from typing import Any

import pytest
from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.request import SYSTEM, Answer, Body, ListOptions, PatchType, Request
from knarr.api import codec
from knarr.api.apps.deployment import Deployment
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


def request(object_type: type[ApiStruct] = ConfigMap, name: str = "", **more: Any) -> Request:
    return Request(user=SYSTEM, kind=kind_of(object_type), namespace="default", name=name, **more)


def config_map(name: str = "a", **more: Any) -> Body:
    return Body(ConfigMap(metadata=ObjectMeta(name=name), **more))


def object_of(answer: Answer) -> Any:
    assert answer.entry is not None
    return answer.entry.object


async def test_create_fills_in_what_is_the_servers(registry: Registry) -> None:
    answer = await registry.create(request(), config_map(data={"x": "1"}))
    meta = object_of(answer).metadata
    assert (meta.name, meta.namespace, meta.resource_version) == (
        "a",
        "default",
        str(answer.revision),
    )
    assert meta.uid
    assert meta.creation_timestamp == "2030-01-01T00:00:00Z"
    assert answer.body.startswith(b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{')
    assert (await registry.get(request(name="a"))).body == answer.body


async def test_create_refuses_a_taken_name(registry: Registry) -> None:
    await registry.create(request(), config_map())
    with pytest.raises(AlreadyExistsError, match='configmaps "a" already exists'):
        await registry.create(request(), config_map())


async def test_create_refuses_a_missing_namespace(registry: Registry) -> None:
    lost = Request(user=SYSTEM, kind=kind_of(ConfigMap), namespace="nowhere")
    with pytest.raises(NotFoundError, match='namespaces "nowhere" not found'):
        await registry.create(lost, config_map())


async def test_update_of_an_old_version_conflicts(registry: Registry) -> None:
    first = object_of(await registry.create(request(), config_map()))
    await registry.update(request(name="a"), config_map(data={"x": "1"}))
    with pytest.raises(ConflictError, match="the object has been modified"):
        await registry.update(request(name="a"), Body(first))


async def test_update_that_changes_nothing_writes_nothing(registry: Registry) -> None:
    first = await registry.create(request(), config_map(data={"x": "1"}))
    again = await registry.update(request(name="a"), config_map(data={"x": "1"}))
    assert again.revision == first.revision


async def test_dry_run_stores_nothing(registry: Registry) -> None:
    answer = await registry.create(request(dry_run=True), config_map())
    assert object_of(answer).metadata.uid
    with pytest.raises(NotFoundError):
        await registry.get(request(name="a"))


async def test_delete_answers_a_status(registry: Registry) -> None:
    await registry.create(request(), config_map())
    answer = await registry.delete(request(name="a"))
    assert answer.status is not None
    assert answer.status.status == "Success"
    with pytest.raises(NotFoundError, match='configmaps "a" not found'):
        await registry.get(request(name="a"))


async def test_a_finalizer_holds_until_it_is_gone(registry: Registry) -> None:
    held = ConfigMap(metadata=ObjectMeta(name="a", finalizers=("example.com/x",)))
    await registry.create(request(), Body(held))
    waiting = await registry.delete(request(name="a"))
    assert object_of(waiting).metadata.deletion_timestamp
    await registry.update(request(name="a"), config_map())
    with pytest.raises(NotFoundError):
        await registry.get(request(name="a"))


async def test_pages_show_one_revision(registry: Registry) -> None:
    for name in ("a", "b", "c"):
        await registry.create(request(), config_map(name))
    first = await registry.list(request(), ListOptions(limit=2))
    await registry.create(request(), config_map("bb"))
    rest = await registry.list(request(), ListOptions(continue_token=first.continue_token))
    assert first.remaining == 1
    assert [entry.fields["metadata.name"] for entry in rest.entries] == ["c"]
    assert rest.revision == first.revision


async def test_watch_tells_what_changes(registry: Registry) -> None:
    created = await registry.create(request(), config_map())
    options = ListOptions(resource_version=str(created.revision), timeout_s=5)
    events = await registry.watch(request(), options)
    await registry.update(request(name="a"), config_map(data={"x": "1"}))
    await registry.delete(request(name="a"))
    seen: list[str] = []
    async for batch in events:
        seen.extend(event.type for event in batch)
        if len(seen) == 2:
            break
    assert seen == ["MODIFIED", "DELETED"]


async def test_what_is_gone_is_told_at_the_revision_of_its_end(registry: Registry) -> None:
    created = await registry.create(request(), config_map(data={"x": "1"}))
    options = ListOptions(resource_version=str(created.revision), timeout_s=5)
    events = await registry.watch(request(), options)
    ended = await registry.delete(request(name="a"))
    batch = await anext(aiter(events))
    last, before = batch[0].entry, created.entry
    assert last is not None
    assert before is not None
    assert last.revision == batch[0].revision == ended.revision > created.revision
    assert codec.decode(ConfigMap, last.json) == last.object
    was: Any = before.object
    meta = replace(was.metadata, resource_version=str(ended.revision))
    assert last.object == replace(was, metadata=meta)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(
            b'{"kind":"Secret"}',
            'Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to '
            "(core.ConfigMap): unknown conversion",
            id="another kind",
        ),
        pytest.param(
            b'{"apiVersion":"v2"}',
            "the API version in the data (v2) does not match the expected API version (v1)",
            id="another version",
        ),
        pytest.param(
            b"[]",
            "the object provided is unrecognized (must be of type ConfigMap): couldn't get "
            "version/kind; json parse error: json: cannot unmarshal array into Go value of type "
            'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string '
            '"json:\\"kind,omitempty\\"" } (5b5d)',
            id="no object",
        ),
    ],
)
async def test_bodies_that_are_refused(registry: Registry, data: bytes, message: str) -> None:
    with pytest.raises(ApiError) as caught:
        await registry.create(request(), Body(data))
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("patch_type", "data"),
    [
        pytest.param(PatchType.MERGE, b'{"data":{"a":"2","b":null}}', id="merge"),
        pytest.param(PatchType.STRATEGIC, b'{"data":{"a":"2","b":null}}', id="strategic"),
        pytest.param(
            PatchType.JSON,
            b'[{"op":"replace","path":"/data/a","value":"2"},{"op":"remove","path":"/data/b"}]',
            id="json",
        ),
    ],
)
async def test_patches(registry: Registry, patch_type: PatchType, data: bytes) -> None:
    await registry.create(request(), config_map(data={"a": "1", "b": "1"}))
    answer = await registry.patch(request(name="a"), patch_type, Body(data))
    assert object_of(answer).data == {"a": "2"}


async def test_a_patch_cannot_make_another_kind(registry: Registry) -> None:
    await registry.create(request(), config_map())
    with pytest.raises(ApiError, match="unknown conversion"):
        await registry.patch(request(name="a"), PatchType.MERGE, Body(b'{"kind":"Secret"}'))


async def test_old_versions_are_taken_with_a_warning(registry: Registry) -> None:
    old = (
        b'{"apiVersion":"extensions/v1beta1","kind":"Deployment","metadata":{"name":"web"},"spec":'
        b'{"template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c",'
        b'"image":"nginx:1.27"}]}}}}'
    )
    asked = request(Deployment)
    made = object_of(await registry.create(asked, Body(old)))
    assert made.spec.selector.match_labels == {"app": "web"}
    assert asked.warnings == [
        "extensions/v1beta1 Deployment is deprecated in v1.9+, unavailable in v1.16+; "
        "use apps/v1 Deployment"
    ]


async def test_apply_makes_changes_and_gives_up(registry: Registry) -> None:
    config = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":%s}'
    asked = request(name="a", field_manager="me")
    first = await registry.patch(asked, PatchType.APPLY, Body(config % b'{"x":"1","y":"1"}'))
    assert first.created
    again = await registry.patch(asked, PatchType.APPLY, Body(config % b'{"x":"1","y":"1"}'))
    assert again.revision == first.revision
    less = await registry.patch(asked, PatchType.APPLY, Body(config % b'{"x":"2"}'))
    assert object_of(less).data == {"x": "2"}
    other = request(name="a", field_manager="you")
    with pytest.raises(ConflictError, match="Apply failed with 1 conflict"):
        await registry.patch(other, PatchType.APPLY, Body(config % b'{"x":"3"}'))
    taken = await registry.patch(other, PatchType.APPLY, Body(config % b'{"x":"3"}'), force=True)
    assert object_of(taken).data == {"x": "3"}


async def test_custom_resources_are_kept_as_they_come(registry: Registry) -> None:
    kind = Kind("example.com", "v1", "things", "Thing", "")
    resource = registry.core.serve(kind)
    await resource.cache.ready()
    registry.kinds.add(kind)
    asked = Request(user=SYSTEM, kind=kind, namespace="default", field_manager="me")
    body = b'{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a"},"spec":{"n":1}}'
    made = await registry.create(asked, Body(body))
    assert b'"spec":{"n":1}' in made.body
    one = Request(user=SYSTEM, kind=kind, namespace="default", name="a", field_manager="me")
    changed = await registry.patch(one, PatchType.MERGE, Body(b'{"spec":{"n":2}}'))
    assert object_of(changed).metadata.generation == 2
    assert (await registry.delete(one)).status is not None
