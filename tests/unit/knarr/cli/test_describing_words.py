"""Words of descriptions: titles of fields, values as Go prints them, folded YAML."""

from typing import Any

import pytest

from knarr.cli.describing.generic import title
from knarr.cli.output.go_words import go_syntax, go_words
from knarr.cli.output.yaml_text import yaml_text


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("restartPolicy", "Restart Policy"),
        ("apiVersion", "API Version"),
        ("uid", "UID"),
        ("nonResourceURLs", "Non Resource URLs"),
        ("clusterIPs", "Cluster I Ps"),
        ("openAPIV3Schema", "openAPIV3Schema"),
        ("x-of", "X - Of"),
        ("under_score", "under_score"),
    ],
)
def test_titles(key: str, shown: str) -> None:
    assert title(key) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "true"),
        (1.0, "1"),
        (1.5, "1.5"),
        (1234567890.5, "1.2345678905e+09"),
        (1e21, "1e+21"),
        ([1, ["a"]], "[1 [a]]"),
        ({"b": None, "a": 1}, "map[a:1 b:<nil>]"),
    ],
)
def test_go_words(value: Any, shown: str) -> None:
    assert go_words(value) == shown


def test_go_syntax() -> None:
    shown = 'map[string]interface {}{"a":[]interface {}{"x", 1, true}, "b":interface {}(nil)}'
    assert go_syntax({"b": None, "a": ["x", 1, True]}) == shown


def test_long_text_goes_on_in_the_next_line() -> None:
    long = "word: " + " ".join(["0123456789"] * 12)
    first, *rest = yaml_text({"a": long}).splitlines()
    assert first == "a: 'word: " + " ".join(["0123456789"] * 7)
    assert rest == ["  " + " ".join(["0123456789"] * 5) + "'"]


def test_short_text_and_text_of_many_lines_do_not() -> None:
    assert yaml_text({"a": "x " * 30 + "x"}).count("\n") == 1
    assert yaml_text({"a": "x" * 100 + "\n"}).splitlines()[0] == "a: |"
