"""docs/tutorial.md does what it says: each command is run, what it prints is compared."""

import os
import re
import shlex
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import ROOT, Cluster
from tests.e2e.in_process import Here

TUTORIAL = ROOT / "docs" / "tutorial.md"
CONTROLLERS = (
    "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Service",
)  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster that `make up` starts, but for its name."""
    made = Cluster(f"tutorial{os.getpid()}", tmp_path_factory.mktemp("tutorial"))
    made.up("--runtime", "process")
    (made.folder / "examples").symlink_to(ROOT / "examples")
    made.knarr("apply", "-f", str(ROOT / "examples" / "hello.yaml"))
    made.knarr("rollout", "status", "deployment/hello", "--timeout=60s")
    yield made
    made.knarr("delete", "--name", made.name)


def told() -> Iterator[tuple[str, list[str]]]:
    """Each command, and the lines below it."""
    for block in re.findall(r"```console\n(.*?)```", TUTORIAL.read_text(), re.DOTALL):
        for part in block.split("$ knarr ")[1:]:
            line, *output = part.rstrip("\n").split("\n")
            yield line, output


def is_alike(wanted: str, printed: str) -> bool:
    """Whether a line is the one in the text, widths aside; `<…>` stands for anything."""
    pattern = re.sub(r"<(?!none>|unset>)\w*>", "\0", " ".join(wanted.split()))
    pattern = re.escape(pattern).replace(re.escape("\0"), ".*").replace(r"\ ", r"\s*")
    return re.fullmatch(pattern, " ".join(printed.split())) is not None


def run(cluster: Cluster, line: str) -> list[str]:
    """What a command prints, the cluster called as `make up` calls it."""
    words = [re.sub(r"^knarr$", cluster.name, word) for word in shlex.split(line)]
    if words[0] in ("resolve", "reset"):
        out = cluster.knarr(*words, "--name", cluster.name)
    else:
        done = Here(cluster)(shlex.join(words), check=True)
        out = done.out + done.err
    return out.replace(cluster.name, "knarr").removesuffix("\n").split("\n")


def test_the_tutorial(cluster: Cluster) -> None:
    steps = list(told())
    assert len(steps) > 40, "the tutorial has commands"
    for line, wanted in steps:
        printed = run(cluster, line)
        lines = wanted[1:] if wanted[0] == "..." else wanted
        shown = printed[-len(lines) :] if wanted[0] == "..." else printed
        assert len(shown) == len(lines), f"{line}: {printed}"
        for pair in zip(lines, shown, strict=True):
            assert is_alike(*pair), f"{line}: {pair}"


def test_every_controller_is_in_it() -> None:
    text = TUTORIAL.read_text()
    for word in CONTROLLERS:
        assert f"**{word}**" in text
