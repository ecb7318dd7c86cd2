"""YAML out and in."""

from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.yaml_reader import YamlTextError, read_yaml

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=10,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(values)
def test_what_is_written_reads_back(value: Any) -> None:
    assert yaml.safe_load(yaml_text({"v": value})) == {"v": value}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("1", '"1"', id="a number's look"),
        pytest.param("y", '"y"', id="an old truth"),
        pytest.param("", '""', id="nothing"),
        pytest.param("=", '"="', id="what YAML once took for a default"),
        pytest.param("*/5 * * * *", "'*/5 * * * *'", id="a schedule"),
        pytest.param("a: b", "'a: b'", id="a colon"),
        pytest.param("2026-01-02T03:04:05Z", '"2026-01-02T03:04:05Z"', id="a time"),
        pytest.param("x\ny\n", "|\n  x\n  y", id="lines"),
        pytest.param("x\ny", "|-\n  x\n  y", id="lines without an end"),
        pytest.param("10.0.0.1", "10.0.0.1", id="an address"),
        pytest.param("nginx:1.15", "nginx:1.15", id="an image"),
        pytest.param({}, "{}", id="an empty map"),
        pytest.param(["a"], "\n- a", id="a list is not indented"),
    ],
)
def test_scalars(value: Any, text: str) -> None:
    separator = "" if text.startswith("\n") else " "
    assert yaml_text({"k": value}) == f"k:{separator}{text}\n"


def test_keys_stand_in_natural_order() -> None:
    assert yaml_text({"a10": 1, "a9": 1, "B": 1}).split() == ["B:", "1", "a9:", "1", "a10:", "1"]


@pytest.mark.parametrize(
    "text",
    [
        "a: b\nc:\n- d: e\n  f: 'g'\n- h\n",
        "a:\n  b: true\n  c: null\n  d: []\n",
        "a: 1.5\nb: [x, y]\nc: |\n  text\n",
        "a: 127.0.0.1:6443\nb: https://x:1\n",
        "- - a\n  - b\n",
    ],
)
def test_the_plain_reader_agrees_with_the_library(text: str) -> None:
    assert list(read_yaml(text)) == [yaml.safe_load(text)]


def test_dates_stay_texts() -> None:
    assert list(read_yaml("a: [2026-01-02]\n---\nb: 1\n---\n")) == [{"a": ["2026-01-02"]}, {"b": 1}]


def test_no_yaml() -> None:
    with pytest.raises(YamlTextError, match="line 2"):
        list(read_yaml("a: [b"))
