"""docs/tutorial.md does what it says: each command is run, what it prints is compared."""

import os
import re
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import ROOT, Cluster

TUTORIAL = ROOT / "docs" / "tutorial.md"


@pytest.fixture(scope="module")
def hollow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(f"tutorial{os.getpid()}", tmp_path_factory.mktemp("tutorial"))
    made.up("--runtime", "hollow")
    yield made
    made.knarr("delete", "--name", made.name)


def told() -> Iterator[tuple[list[str], list[str]]]:
    """Each command's words, and the lines below it."""
    text = TUTORIAL.read_text()
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for part in block.split("$ knarr ")[1:]:
            line, *output = part.rstrip("\n").split("\n")
            yield line.split(" "), output


def alike(line: str) -> str:
    """A line without what differs each time, and without widths."""
    line = re.sub(r"web-[a-z0-9]+(-[a-z0-9]{5})?\b", "web-<hash>", line)
    line = re.sub(r"pod-template-hash=\w+", "pod-template-hash=<hash>", line)
    line = re.sub(r"(?<=\s)\d+[smh](\d+s)?$", "<age>", line)
    return " ".join(line.split())


def test_the_tutorial(hollow: Cluster) -> None:
    steps = list(told())
    assert len(steps) > 10, "the tutorial has commands"
    for words, output in steps:
        printed = [alike(line) for line in hollow.knarr(*words).rstrip("\n").split("\n")]
        wanted = [alike(line) for line in output]
        if wanted[0] == "...":
            printed, wanted = printed[-1:], wanted[1:]
        assert printed == wanted, " ".join(words)
