"""JSON patch, merge patch and the three-way patch of client-side apply."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.patches import json_patch, merge_patch, strategic
from knarr.api.patches.errors import PatchTestError, PatchTextError
from knarr.api.patches.three_way import three_way

DOCUMENT: dict[str, Any] = {"data": {"a": "1", "b/c": "2"}, "list": ["x", "y"]}


@pytest.mark.parametrize(
    ("operation", "path", "expected"),
    [
        ({"op": "add", "path": "/data/z", "value": "3"}, ("data", "z"), "3"),
        ({"op": "add", "path": "/list/-", "value": "z"}, ("list",), ["x", "y", "z"]),
        ({"op": "add", "path": "/list/0", "value": "z"}, ("list",), ["z", "x", "y"]),
        ({"op": "add", "path": "/list/-1", "value": "z"}, ("list",), ["x", "y", "z"]),
        ({"op": "remove", "path": "/list/0"}, ("list",), ["y"]),
        ({"op": "replace", "path": "/data/none", "value": "3"}, ("data", "none"), "3"),
        ({"op": "replace", "path": "/data/b~1c", "value": "3"}, ("data", "b/c"), "3"),
        ({"op": "move", "from": "/data/a", "path": "/data/z"}, ("data",), {"b/c": "2", "z": "1"}),
        ({"op": "copy", "from": "/list", "path": "/data/z"}, ("data", "z"), ["x", "y"]),
        ({"op": "test", "path": "/data/none", "value": None}, ("list",), ["x", "y"]),
        ({"op": "add", "path": "data/a", "value": "9"}, ("a",), "9"),
    ],
)
def test_operations(operation: dict[str, Any], path: tuple[str, ...], expected: Any) -> None:
    found = json_patch.apply(DOCUMENT, [operation])
    for name in path:
        found = found[name]
    assert found == expected
    assert DOCUMENT == {"data": {"a": "1", "b/c": "2"}, "list": ["x", "y"]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/data/a", "value": "no"},
        {"op": "remove", "path": "/data/none"},
        {"op": "remove", "path": "/list/-"},
        {"op": "replace", "path": "/list/5", "value": "x"},
        {"op": "add", "path": "/list/99", "value": "x"},
        {"op": "add", "path": "/none/x", "value": "x"},
        {"op": "copy", "from": "/none/x", "path": "/data/z"},
        {"op": "bad", "path": "/data/a"},
        {"path": "/data/a", "value": "x"},
        {"op": "add", "value": "x"},
        None,
    ],
)
def test_operations_that_do_not_fit(operation: Any) -> None:
    with pytest.raises(PatchTestError):
        json_patch.apply(DOCUMENT, [operation])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ('["x"]', "json: cannot unmarshal string into Go value of type handlers.jsonPatchOp"),
        ('[{"op":', "unexpected end of JSON input"),
    ],
)
def test_texts_that_are_no_json_patch(text: str, words: str) -> None:
    with pytest.raises(PatchTextError) as error:
        json_patch.read(text.encode())
    assert str(error.value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("null", "Invalid JSON Patch"),
        (
            "5",
            "error decoding patch: json: cannot unmarshal number into Go value of type "
            "map[string]interface {}",
        ),
        ("{", "error decoding patch: unexpected end of JSON input"),
    ],
)
def test_texts_that_are_no_merge_patch(text: str, words: str) -> None:
    with pytest.raises(PatchTextError) as error:
        merge_patch.read(text.encode())
    assert str(error.value) == words


values: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["1", "2", 3]),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
objects: st.SearchStrategy[Any] = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@given(objects, objects)
def test_a_difference_leads_from_one_to_the_other(before: Any, after: Any) -> None:
    assert merge_patch.apply(before, merge_patch.diff(before, after)) == after


containers = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from("abcd"), "image": st.sampled_from(["1", "2"])},
        optional={"args": st.lists(st.sampled_from("xy"), max_size=2)},
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda container: str(container["name"]),
)
specs: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"containers": containers},
    optional={
        "nodeSelector": st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2),
        "hostname": st.sampled_from("hi"),
    },
)


@given(specs, specs)
def test_apply_from_the_client_gets_what_it_wants(before: Any, after: Any) -> None:
    live = {"spec": before, "status": {"phase": "Running"}}
    patch = three_way(Pod, {"spec": before}, {"spec": after}, live)
    patched = strategic.apply(Pod, live, patch)
    assert patched["status"] == live["status"]
    assert patched["spec"]["containers"] == after["containers"]
    assert patched["spec"].get("hostname") == after.get("hostname")
    assert (patched["spec"].get("nodeSelector") or {}) == (after.get("nodeSelector") or {})
    assert three_way(Pod, {"spec": after}, {"spec": after}, patched) == {}


def test_apply_from_the_client_leaves_what_others_added() -> None:
    before = {"spec": {"containers": [{"name": "a", "image": "1"}]}}
    live = {"spec": {"containers": [{"name": "side"}, {"name": "a", "image": "1", "tty": True}]}}
    after = {"spec": {"containers": [{"name": "a", "image": "2"}]}}
    patched = strategic.apply(Pod, live, three_way(Pod, before, after, live))
    assert patched["spec"]["containers"] == [
        {"name": "side"},
        {"name": "a", "image": "2", "tty": True},
    ]


def test_custom_resources_get_a_merge_patch() -> None:
    patch = three_way(None, {"a": 1, "l": [1]}, {"l": [1, 2]}, {"a": 1, "l": [1], "s": 3})
    assert patch == {"a": None, "l": [1, 2]}


def test_ports_of_one_number_are_told_apart_by_their_turn() -> None:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP"},
        {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
    ]
    live = {"spec": {"ports": [{**one, "targetPort": 53} for one in ports]}}
    wanted = {"spec": {"ports": ports}}
    assert three_way(Service, wanted, wanted, live) == {}
    changed = {"spec": {"ports": [ports[0], {**ports[1], "targetPort": 54}]}}
    patch = three_way(Service, wanted, changed, live)
    assert patch["spec"]["ports"] == [{"port": 53, "targetPort": 54}]
