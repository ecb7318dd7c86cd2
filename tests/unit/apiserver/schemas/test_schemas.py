"""Custom objects against their schemas: what is dropped, filled in and refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apiserver.schemas.correlation import same
from apiserver.schemas.defaulting import with_defaults
from apiserver.schemas.lists import duplicates
from apiserver.schemas.pruning import prune, without_nulls
from apiserver.schemas.rules import broken_rules
from apiserver.schemas.structural import structural
from apiserver.schemas.validate import validate

TEXT = {"type": "string"}


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    ("schema", "value", "kept", "dropped"),
    [
        pytest.param(of(a=TEXT), {"a": "1", "b": 2}, {"a": "1"}, ["b"], id="unknown fields go"),
        pytest.param(
            {**of(a=of(b=TEXT)), "x-kubernetes-preserve-unknown-fields": True},
            {"a": {"b": "1", "c": 2}, "d": {"e": 3}},
            {"a": {"b": "1"}, "d": {"e": 3}},
            ["a.c"],
            id="known fields within preserved ones are pruned",
        ),
        pytest.param(
            of(l={"type": "array", "items": of(a=TEXT)}),
            {"l": [{"a": "1"}, {"z": 1}]},
            {"l": [{"a": "1"}, {}]},
            ["l[1].z"],
            id="items are pruned too",
        ),
        pytest.param(
            of(m={"type": "object", "additionalProperties": of(a=TEXT)}),
            {"m": {"any": {"a": "1", "b": "2"}}},
            {"m": {"any": {"a": "1"}}},
            ["m.any.b"],
            id="maps keep their keys",
        ),
        pytest.param(
            of(e={"type": "object", "x-kubernetes-embedded-resource": True, "properties": {}}),
            {"e": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "b": 1}, "z": 1}},
            {"e": {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}}},
            ["e.metadata.b", "e.z"],
            id="embedded objects keep their head",
        ),
    ],
)
def test_pruning(schema: Any, value: Any, kept: Any, dropped: list[str]) -> None:
    assert prune(value, structural(schema)) == (kept, dropped)


def test_nulls_go_where_none_may_be() -> None:
    schema = structural(of(a=TEXT, b={**TEXT, "nullable": True}, c={**TEXT, "default": "x"}))
    found = without_nulls({"a": None, "b": None, "c": None}, schema)
    assert found == {"b": None, "c": None}
    assert with_defaults(found, schema) == {"b": None, "c": "x"}


def test_defaults_are_filled_in_level_by_level() -> None:
    inner = {**of(n={"type": "integer", "default": 3}), "default": {}}
    schema = structural(of(o=inner, l={"type": "array", "items": inner}))
    assert with_defaults({"l": [{}, {"n": 1}]}, schema) == {
        "o": {"n": 3},
        "l": [{"n": 3}, {"n": 1}],
    }


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        (TEXT, 5, 's: Invalid value: "integer": s in body must be of type string: "integer"'),
        ({**TEXT, "maxLength": 2}, "abc", "s: Too long: may not be more than 2 bytes"),
        (
            {**TEXT, "pattern": "^a"},
            "b",
            "s: Invalid value: \"b\": s in body should match '^a'",
        ),
        (
            {**TEXT, "enum": ["a", "b"]},
            "c",
            's: Unsupported value: "c": supported values: "a", "b"',
        ),
        (
            {**TEXT, "format": "ipv4"},
            "x",
            's: Invalid value: "x": s in body must be of type ipv4: "x"',
        ),
        (
            {"type": "integer", "maximum": 3, "exclusiveMaximum": True},
            3,
            "s: Invalid value: 3: s in body should be less than 3",
        ),
        (
            {"type": "number", "multipleOf": 0.5},
            0.7,
            "s: Invalid value: 0.7: s in body should be a multiple of 0.5",
        ),
        (
            {"type": "array", "maxItems": 1, "items": TEXT},
            ["a", "b"],
            "s: Too many: 2: must have at most 1 item",
        ),
        ({"type": "object", "required": ["r"]}, {}, "s.r: Required value"),
        (
            {"x-kubernetes-int-or-string": True},
            True,
            's: Invalid value: "boolean": s in body must be of type integer,string: "boolean"',
        ),
        (
            {**TEXT, "not": {"pattern": "^x"}},
            "xy",
            '<nil>: Invalid value: "": "s" must not validate the schema (not)',
        ),
    ],
)
def test_what_breaks_a_schema_is_told(schema: Any, value: Any, told: str) -> None:
    errors = validate({"s": value}, structural(of(s=schema)))
    assert [str(error) for error in errors] == [told]


def test_what_was_wrong_before_may_stay() -> None:
    schema = structural(of(a={**TEXT, "maxLength": 1}, b={**TEXT, "maxLength": 1}))
    errors = validate({"a": "long", "b": "new long"}, schema, {"a": "long", "b": "x"})
    assert [error.field for error in errors] == ["b"]


def test_items_of_sets_and_maps_stand_once() -> None:
    items = {"type": "object", "properties": {"k": TEXT, "v": TEXT}}
    schema = structural(
        of(
            s={"type": "array", "items": TEXT, "x-kubernetes-list-type": "set"},
            m={
                "type": "array",
                "items": items,
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"],
            },
        )
    )
    value = {"s": ["a", "b", "a"], "m": [{"k": "1", "v": "x"}, {"k": "1", "v": "y"}]}
    assert [str(error) for error in duplicates(value, schema)] == [
        's[2]: Duplicate value: "a"',
        'm[1]: Duplicate value: {"k":"1"}',
    ]


def test_rules_bind_values_and_changes() -> None:
    rules = [{"rule": "self.size() < 5", "messageExpression": "'too long: ' + self"}]
    fixed = [{"rule": "self == oldSelf", "message": "is fixed", "reason": "FieldValueForbidden"}]
    schema = structural(
        of(
            a={**TEXT, "x-kubernetes-validations": rules},
            b={**TEXT, "x-kubernetes-validations": fixed},
        )
    )
    assert [str(e) for e in broken_rules({"a": "longer", "b": "x"}, schema)] == [
        'a: Invalid value: "longer": too long: longer'
    ]
    changed = broken_rules({"a": "longer", "b": "y"}, schema, {"a": "longer", "b": "x"})
    assert [str(e) for e in changed] == ["b: Forbidden: is fixed"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcl"), inner),
    max_leaves=12,
)
SCHEMAS = st.recursive(
    st.sampled_from([TEXT, {"type": "integer", "default": 1}, {"type": "boolean"}, {}]),
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner).map(lambda p: of(**p))
        | inner.map(lambda i: {"type": "array", "items": i})
        | inner.map(lambda a: {"type": "object", "additionalProperties": a})
    ),
    max_leaves=8,
)


@given(schema=SCHEMAS, value=VALUES)
def test_coercing_twice_changes_nothing(schema: Any, value: Any) -> None:
    node = structural(schema)

    def coerced(given_: Any) -> Any:
        return with_defaults(without_nulls(prune(given_, node)[0], node), node)

    once = coerced(value)
    assert same(coerced(once), once)


@given(schema=SCHEMAS, value=VALUES)
def test_an_unchanged_object_is_never_refused(schema: Any, value: Any) -> None:
    assert validate(value, structural(schema), value) == []
