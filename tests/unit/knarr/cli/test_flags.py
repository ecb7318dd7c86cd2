"""Flags as kubectl takes them."""

import pytest

from knarr.cli.failures import CliError
from knarr.cli.flags import Flag, array, duration, number, parse, seconds_of, text, truth, words

FLAGS = (
    text("output", "o"),
    truth("watch", "w"),
    truth("stdin", "i"),
    truth("tty", "t"),
    number("replicas", default=-1),
    words("filename", "f"),
    array("env"),
    duration("timeout"),
    Flag("dry-run", default="none", bare="unchanged"),
)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        pytest.param(["-o", "yaml"], "output", "yaml", id="short with a space"),
        pytest.param(["-oyaml"], "output", "yaml", id="short joined"),
        pytest.param(["-o=yaml"], "output", "yaml", id="short with equals"),
        pytest.param(["--output", "yaml"], "output", "yaml", id="long with a space"),
        pytest.param(["--watch=false"], "watch", False, id="a truth denied"),
        pytest.param(["-it"], "tty", True, id="two short ones"),
        pytest.param(["--replicas=3"], "replicas", 3, id="a number"),
        pytest.param(["-f", "a,b", "-f", "c"], "filename", ["a", "b", "c"], id="a list"),
        pytest.param(["--env", "A=1,2"], "env", ["A=1,2"], id="an array keeps commas"),
        pytest.param(["--dry-run"], "dry-run", "unchanged", id="bare"),
        pytest.param(["--timeout=1m30s"], "timeout", 90.0, id="a duration"),
    ],
)
def test_values(line: list[str], name: str, value: object) -> None:
    assert parse(line, FLAGS, "knarr get").values[name] == value


def test_words_and_what_follows_the_dash() -> None:
    found = parse(["pod", "-w", "web", "--", "-o", "x"], FLAGS, "knarr get")
    assert (found.words, found.after_dash) == (["pod", "web"], ["-o", "x"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--bogus"], "unknown flag: --bogus"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["--output"], "flag needs an argument: --output"),
        (["--replicas=x"], 'invalid argument "x" for "--replicas" flag'),
    ],
)
def test_errors_are_kubectls(line: list[str], message: str) -> None:
    with pytest.raises(CliError) as raised:
        parse(line, FLAGS, "knarr get")
    assert raised.value.message.startswith(f"error: {message}")
    assert raised.value.message.endswith("See 'knarr get --help' for usage.")


@pytest.mark.parametrize(("value", "seconds"), [("5s", 5), ("1h", 3600), ("100ms", 0.1), ("7", 7)])
def test_durations(value: str, seconds: float) -> None:
    assert seconds_of(value) == seconds
