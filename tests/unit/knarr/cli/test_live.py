"""Tables that change in place."""

from typing import Any

import pytest

from knarr.cli.live import FRESH_S, LiveTable, state_of
from knarr.cli.output.table import TableOptions, TableText
from knarr.client.dynamic import Change

Json = dict[str, Any]


class Now:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def change(kind: str, name: str, status: str) -> Change:
    table = {
        "columnDefinitions": [{"name": "Name"}, {"name": "Status"}],
        "rows": [{"cells": [name, status], "object": {"metadata": {"name": name}}}],
    }
    return Change(kind, table, 1)


def test_rows_keep_their_place_and_show_what_is_new() -> None:
    now = Now()
    live = LiveTable(TableText(TableOptions()), now)
    live.take(change("ADDED", "a", "Running"), is_first=True)
    live.take(change("ADDED", "b", "Pending"), is_first=True)
    live.take(change("MODIFIED", "a", "Failed"))
    assert live.lines() == (
        ["NAME", "STATUS"],
        [(["a", "Failed"], "fresh"), (["b", "Pending"], "")],
    )
    now.s += FRESH_S + 1
    live.take(change("DELETED", "b", "Pending"))
    assert live.lines()[1] == [(["a", "Failed"], ""), (["b", "Pending"], "gone")]
    now.s += FRESH_S + 1
    assert live.lines()[1] == [(["a", "Failed"], "")]


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        ({"status": {"phase": "Running"}}, "Running"),
        ({"spec": {"replicas": 3}, "status": {"readyReplicas": 1}}, "1 of 3 ready"),
        ({"metadata": {"deletionTimestamp": "x", "finalizers": ["a"]}}, "ending, kept by a"),
        (
            {
                "status": {
                    "phase": "Pending",
                    "containerStatuses": [
                        {"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}
                    ],
                }
            },
            "Pending, c: ErrImagePull",
        ),
        ({"status": {"conditions": [{"type": "Complete", "status": "True"}]}}, "Complete"),
        ({}, "no condition yet"),
    ],
)
def test_states_in_a_few_words(obj: Json, words: str) -> None:
    assert state_of(obj) == words
