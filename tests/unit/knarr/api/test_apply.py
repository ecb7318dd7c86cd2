"""Server-side apply: who manages what after updates and applies."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api import codec
from knarr.api.apply import field_sets, managers, typed, validation
from knarr.api.apply.managers import ApplyConflict, Writer
from knarr.api.apply.schema import from_open_api, schema_of
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.meta.object_meta import ManagedFieldsEntry
from knarr.api.patches.three_way import LAST_APPLIED

CONFIG_MAP = schema_of(ConfigMap)
POD = schema_of(Pod)
Entries = tuple[ManagedFieldsEntry, ...]


def by(name: str, second: int = 0, **more: Any) -> Writer:
    return Writer(name, "v1", f"2024-01-01T00:00:{second:02d}Z", **more)


def config_map(**data: str) -> dict[str, Any]:
    return {"metadata": {"name": "x"}, "data": data}


def owned(entries: Entries) -> dict[str, Any]:
    return {f"{entry.manager}/{entry.operation}": entry.fields_v1 for entry in entries}


def applied(*configs: tuple[str, dict[str, Any]], force: bool = False) -> managers.Applied:
    result = managers.Applied({"metadata": {}}, ())
    for second, (name, config) in enumerate(configs):
        result = managers.apply(
            result.entries, result.object, config, CONFIG_MAP, by(name, second), force=force
        )
    return result


def test_create_owns_what_it_set() -> None:
    new = {"metadata": {"name": "x", "labels": {"l": "1"}}, "data": {"a": "1"}}
    entries = managers.update((), {"metadata": {}}, new, CONFIG_MAP, by("updater"))
    assert owned(entries) == {
        "updater/Update": {
            "f:data": {".": {}, "f:a": {}},
            "f:metadata": {"f:labels": {".": {}, "f:l": {}}},
        }
    }


def test_an_update_without_effect_changes_nothing() -> None:
    entries = managers.update((), {}, config_map(a="1"), CONFIG_MAP, by("one"))
    after = managers.update(entries, config_map(a="1"), config_map(a="1"), CONFIG_MAP, by("two", 1))
    assert after is entries or after == entries


def test_a_keyed_list_is_owned_item_by_item() -> None:
    zero = codec.to_plain(codec.decode(Pod, b"{}"))
    new = {**zero, "spec": {"containers": [{"name": "c", "ports": [{"containerPort": 80}]}]}}
    entries = managers.update((), zero, new, POD, by("updater"))
    port: dict[str, Any] = {".": {}, "f:containerPort": {}}
    assert owned(entries)["updater/Update"] == {
        "f:spec": {
            "f:containers": {
                'k:{"name":"c"}': {
                    ".": {},
                    "f:name": {},
                    "f:ports": {".": {}, 'k:{"containerPort":80,"protocol":"TCP"}': port},
                }
            }
        }
    }


def test_status_of_its_own_door() -> None:
    old: dict[str, Any] = {"metadata": {}, "spec": {"nodeName": "n"}, "status": {}}
    new = {"metadata": {}, "spec": {"nodeName": "m"}, "status": {"phase": "Running"}}
    writer = by("kubelet", subresource="status", ignored=field_sets.paths("spec"))
    (entry,) = managers.update((), old, new, POD, writer)
    assert (entry.subresource, entry.fields_v1) == ("status", {"f:status": {"f:phase": {}}})


def test_conflict_names_the_manager_and_the_fields() -> None:
    with pytest.raises(ApplyConflict) as error:
        applied(("one", config_map(a="1", b="2")), ("two", config_map(a="9", b="8", c="7")))
    assert error.value.message == (
        'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b'
    )
    details = error.value.details
    assert details is not None
    assert [cause.field for cause in details.causes] == [".data.a", ".data.b"]


def test_force_takes_over() -> None:
    after = applied(("one", config_map(a="1", b="2")), ("two", config_map(a="9")), force=True)
    assert after.object["data"] == {"a": "9", "b": "2"}
    assert owned(after.entries) == {
        "one/Apply": {"f:data": {"f:b": {}}},
        "two/Apply": {"f:data": {"f:a": {}}},
    }


def test_the_same_value_is_shared() -> None:
    after = applied(("one", config_map(a="1", b="2")), ("two", config_map(a="1")))
    assert owned(after.entries) == {
        "one/Apply": {"f:data": {"f:a": {}, "f:b": {}}},
        "two/Apply": {"f:data": {"f:a": {}}},
    }
    assert [entry.time for entry in after.entries if entry.manager == "two"] == [None]


def test_what_is_applied_no_more_goes() -> None:
    after = applied(("one", config_map(a="1", b="2")), ("one", config_map(a="1")))
    assert after.object["data"] == {"a": "1"}


def test_what_another_applies_too_stays() -> None:
    after = applied(
        ("one", config_map(a="1", b="2")), ("two", config_map(b="2")), ("one", config_map(a="1"))
    )
    assert after.object["data"] == {"a": "1", "b": "2"}
    assert owned(after.entries)["two/Apply"] == {"f:data": {"f:b": {}}}


def test_kubectl_takes_over_what_it_applied_before_from_the_client() -> None:
    last = codec.encode(config_map(a="1")).decode()
    live = config_map(a="1")
    live["metadata"] = {"name": "x", "annotations": {LAST_APPLIED: last}}
    entries = managers.update((), {"metadata": {}}, live, CONFIG_MAP, by("kubectl-client-side"))
    config = config_map(a="2")
    with pytest.raises(ApplyConflict):
        managers.apply(entries, live, config, CONFIG_MAP, by("other", 1))
    after = managers.apply(entries, live, config, CONFIG_MAP, by("kubectl", 1))
    assert after.object["data"] == {"a": "2"}


def test_many_updaters_become_one() -> None:
    entries: Entries = ()
    old: dict[str, Any] = {"metadata": {}}
    for number in range(14):
        data = {**old.get("data", {}), f"k{number}": "v"}
        new = {"metadata": {}, "data": data}
        entries = managers.update(entries, old, new, CONFIG_MAP, by(f"m{number}", number))
        old = new
    names = [entry.manager for entry in entries]
    assert len(names) == managers.UPDATERS_MAX
    assert names[0] == "ancient-changes"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"data": {"a": 1}}, ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
        ({"data": "x"}, ".data: expected map, got &{x}"),
        ({"nope": 1}, ".nope: field not declared in schema"),
    ],
)
def test_what_does_not_fit(config: dict[str, Any], words: str) -> None:
    assert list(validation.complaints(config, CONFIG_MAP)) == [words]


def test_duplicate_keys_do_not_fit() -> None:
    config = {"spec": {"containers": [{"name": "a"}, {"name": "a"}]}}
    assert list(validation.complaints(config, POD)) == [
        '.spec.containers: duplicate entries for key [name="a"]'
    ]


def test_custom_resources_merge_as_their_schema_says() -> None:
    items = {"type": "object", "properties": {"id": {"type": "string"}}}
    schema = from_open_api(
        {
            "type": "object",
            "properties": {
                "keyed": {
                    "type": "array",
                    "items": items,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["id"],
                },
                "plain": {"type": "array", "items": items},
            },
        }
    )
    live = {"keyed": [{"id": "a"}], "plain": [{"id": "a"}]}
    config = {"keyed": [{"id": "b"}], "plain": [{"id": "b"}]}
    merged = typed.merge(live, config, schema)
    assert merged == {"keyed": [{"id": "a"}, {"id": "b"}], "plain": [{"id": "b"}]}
    assert typed.field_set(config, schema) == {
        "f:keyed": {'k:{"id":"b"}': {".": {}, "f:id": {}}},
        "f:plain": {},
    }


names_of = st.sampled_from(["f:a", "f:b", "f:c"])
nodes: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.just({}),
    lambda inner: st.dictionaries(names_of, inner, min_size=1, max_size=3).flatmap(
        lambda node: st.sampled_from([node, {".": {}, **node}])
    ),
    max_leaves=8,
)
sets = st.dictionaries(names_of, nodes, max_size=3)


@given(sets, sets)
def test_sets_are_sets(left: dict[str, Any], right: dict[str, Any]) -> None:
    first, second = set(field_sets.walk(left)), set(field_sets.walk(right))
    assert set(field_sets.walk(field_sets.union(left, right))) == first | second
    assert set(field_sets.walk(field_sets.difference(left, right))) == first - second
    assert set(field_sets.walk(field_sets.intersection(left, right))) == first & second


maps = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=4)


@given(maps, maps)
def test_an_applier_gets_what_it_applies(first: dict[str, str], second: dict[str, str]) -> None:
    after = applied(("one", config_map(**first)), ("one", config_map(**second)))
    assert after.object.get("data") or second == {} or not second


@given(maps, maps)
def test_no_field_has_two_updaters(first: dict[str, str], second: dict[str, str]) -> None:
    entries = managers.update((), {}, config_map(**first), CONFIG_MAP, by("one"))
    entries = managers.update(
        entries, config_map(**first), config_map(**second), CONFIG_MAP, by("two", 1)
    )
    paths = [path for entry in entries for path in field_sets.walk(entry.fields_v1 or {})]
    assert len(paths) == len(set(paths))
