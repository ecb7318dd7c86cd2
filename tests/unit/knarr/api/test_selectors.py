"""Selectors: text, matching, complaints."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knarr.api import selectable, selectors
from knarr.api.core.pod import Pod
from knarr.api.kind_table import kind_of
from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement


@pytest.mark.parametrize(
    ("text", "matching", "other"),
    [
        ("a=1", {"a": "1"}, {"a": "2"}),
        ("a==1", {"a": "1"}, {}),
        ("a!=1", {}, {"a": "1"}),
        ("a in (1, 2)", {"a": "2"}, {"a": "3"}),
        ("a notin (1)", {"b": "1"}, {"a": "1"}),
        ("a", {"a": ""}, {"b": ""}),
        ("!a", {"b": ""}, {"a": ""}),
        ("a>2", {"a": "3"}, {"a": "2"}),
        ("a<2", {"a": "1"}, {"a": "x"}),
        ("a=", {"a": ""}, {}),
        ("a in (,b)", {"a": ""}, {"a": "c"}),
    ],
)
def test_matching(text: str, matching: dict[str, str], other: dict[str, str]) -> None:
    selector = selectors.parse(text)
    assert selector.matches(matching)
    assert not selector.matches(other)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a in", "unable to parse requirement: found '' expected: '('"),
        ("!!a", "unable to parse requirement: found '!', expected: identifier"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' "
            "operators, the value must be an integer",
        ),
    ],
)
def test_complaints(text: str, words: str) -> None:
    with pytest.raises(selectors.SelectorError) as error:
        selectors.parse(text)
    assert str(error.value) == words


def test_objects_compile() -> None:
    selector = LabelSelector(
        match_labels={"app": "web"},
        match_expressions=(LabelSelectorRequirement(key="tier", operator="Exists"),),
    )
    assert str(selectors.from_object(selector)) == "app=web,tier"
    assert selectors.from_object(None).matches({"a": "b"}) is False
    assert selectors.from_object(LabelSelector()).matches({}) is True


@pytest.mark.parametrize("text", ["a", "metadata.name", "metadata.name!"])
def test_field_complaints(text: str) -> None:
    with pytest.raises(selectors.SelectorError) as error:
        selectors.parse_fields(text)
    assert str(error.value) == f"invalid selector: '{text}'; can't understand '{text}'"


def test_fields_match() -> None:
    selector = selectors.parse_fields("status.phase!=Running,spec.nodeName=n\\,1")
    assert selector.matches({"spec.nodeName": "n,1"})
    assert not selector.matches({"spec.nodeName": "n,1", "status.phase": "Running"})
    assert selector.exact("spec.nodeName") == "n,1"


def test_only_known_fields() -> None:
    pods = kind_of(Pod)
    selectable.check(pods, selectors.parse_fields("status.phase=Running"))
    with pytest.raises(selectors.SelectorError, match="field label not supported"):
        selectable.check(pods, selectors.parse_fields("spec.x=1"))


keys = st.sampled_from(["a", "b", "c"])
values = st.sampled_from(["", "x", "y", "1"])
requirements = st.one_of(
    st.builds(lambda key, value: f"{key}={value}", keys, values),
    st.builds(lambda key, value: f"{key}!={value}", keys, values),
    st.builds(lambda key, one, two: f"{key} in ({one},{two},z)", keys, values, values),
    st.builds(lambda key: f"!{key}", keys),
    keys,
)


@given(st.lists(requirements, max_size=4), st.dictionaries(keys, values))
def test_text_says_the_same(parts: list[str], labels: dict[str, str]) -> None:
    selector = selectors.parse(",".join(parts))
    assert selectors.parse(str(selector)) == selector
    assert selector.matches(labels) == all(selectors.parse(part).matches(labels) for part in parts)
