"""The checker finds what could not be, and nothing in what could."""

import pytest

from tests.history.checker import violations
from tests.history.record import Call, History, Seen, Verb, Write


def call(verb: Verb, start: int, end: int, outcome: str = "ok", **more: object) -> Call:
    more.setdefault("client", 1)
    more.setdefault("key", "" if verb == "list" else "a")
    made = Call(verb=verb, start=start, **more)  # type: ignore[arg-type]  # fields of Call
    made.end, made.outcome = end, outcome  # type: ignore[assignment]  # one of Outcome
    return made


LOG = [Write(11, "a", "x"), Write(12, "b", "y"), Write(13, "a", "z"), Write(14, "a", None)]
WRITES = [
    call("create", 1, 2, value="x", revision=11),
    call("create", 3, 6, value="y", revision=12, key="b"),
    call("update", 4, 7, value="z", revision=13, expected=11),
    call("delete", 10, 11, revision=14, expected=13),
]
WATCHED = [
    Seen("listed", 11, items={"a": (11, "x")}),
    Seen("put", 12, "b", "y"),
    Seen("bookmark", 12),
    Seen("resumed", 12),
    Seen("put", 13, "a", "z"),
    Seen("delete", 14, "a"),
]


def history(*calls: Call, watched: list[Seen] | None = None, log: list[Write] = LOG) -> History:
    return History(
        calls=[*WRITES, *calls], watchers=[WATCHED if watched is None else watched], log=log
    )


GOOD = [
    call("get", 5, 8, value="x", revision=11),
    call("get", 5, 8, value="z", revision=13),
    call("list", 5, 8, revision=12, items={"a": (11, "x"), "b": (12, "y")}),
    call("get", 12, 13, "absent"),
    call("create", 3, 9, "exists", value="w"),
    call("update", 8, 9, "conflict", value="w", expected=11),
    call("update", 3, 0, "unknown", value="w"),
    call("get", 8, 12, "absent"),
]


@pytest.mark.parametrize("good", GOOD)
def test_what_could_be_is_let_pass(good: Call) -> None:
    assert violations(history(good)) == []


BAD = [
    (call("get", 8, 9, value="x", revision=11), "not in (13, 13)"),
    (call("get", 5, 8, value="y", revision=12), "saw ok 12 'y'"),
    (call("get", 8, 9, "absent"), "saw absent"),
    (call("get", 12, 13, value="z", revision=13), "saw ok 13"),
    (call("list", 8, 9, revision=12, items={"a": (11, "x"), "b": (12, "y")}), "saw ok 12"),
    (call("list", 8, 9, revision=13, items={"a": (13, "z")}), "saw ok 13"),
    (call("create", 12, 13, "exists", value="w"), "saw exists"),
    (call("update", 8, 9, "conflict", value="w", expected=13), "saw conflict"),
    (call("create", 20, 21, value="w", revision=15), "is lost"),
    (call("create", 8, 9, "exists", value="z"), "yet is in the log"),
    (call("update", 20, 0, "unknown", value="z"), "before it was asked for"),
]


@pytest.mark.parametrize(("bad", "told"), BAD)
def test_what_could_not_be_is_told(bad: Call, told: str) -> None:
    assert any(told in line for line in violations(history(bad)))


LOGS = [
    ([*LOG, Write(15, "c", "?")], "nobody asked for ?"),
    ([LOG[0], LOG[2], LOG[1], LOG[3]], "comes after 13"),
    ([*LOG, Write(15, "b", "y")], "more than once"),
    (LOG[1:], "is lost"),
    ([*LOG[:2], Write(13, "b", "z"), LOG[3]], "is lost"),
]


@pytest.mark.parametrize(("log", "told"), LOGS)
def test_a_log_that_does_not_fit_is_told(log: list[Write], told: str) -> None:
    assert any(told in line for line in violations(history(log=log)))


TOLD = [
    ([*WATCHED[:1], *WATCHED[2:]], "was not told"),
    ([*WATCHED, WATCHED[-1]], "after 14"),
    ([WATCHED[0], WATCHED[4], WATCHED[1]], "put 12 after 13"),
    ([WATCHED[0], Seen("bookmark", 13), WATCHED[1]], "put 12 after 13"),
    ([WATCHED[0], Seen("put", 12, "b", "other")], "is not in the log"),
    ([Seen("listed", 11, items={})], "not what was there"),
    ([WATCHED[0], WATCHED[1], Seen("resumed", 11)], "resumed at 11"),
]


@pytest.mark.parametrize(("watched", "told"), TOLD)
def test_a_watch_that_tells_something_else_is_told(watched: list[Seen], told: str) -> None:
    assert any(told in line for line in violations(history(watched=watched)))
