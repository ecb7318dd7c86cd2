"""Ranges of users and groups that a machine's files give to one user."""

import pytest

from knarr.cluster.subordinate import ranges_of

NAMES = ("1000", "sam")


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        pytest.param("", [], id="none"),
        pytest.param("sam:100000:65536\n", [(100000, 65536)], id="by name"),
        pytest.param("1000:100000:65536\n", [(100000, 65536)], id="by number"),
        pytest.param("sam:1:2\njoe:3:4\nsam:5:6\n", [(1, 2), (5, 6)], id="several"),
        pytest.param("samuel:1:2\n# sam:1:2\n", [], id="somebody else's"),
        pytest.param("sam:1\nsam:a:2\nsam::\nsam:9:0\n", [], id="broken lines"),
    ],
)
def test_ranges(text: str, ranges: list[tuple[int, int]]) -> None:
    assert ranges_of(text, NAMES) == ranges
