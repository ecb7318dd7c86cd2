"""The command run in this process against a cluster: a fraction of the time a process takes."""

import contextlib
import io
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from knarr.cli.main import main
from tests.e2e.cluster import Cluster


class Result(Struct, frozen=True):
    """What a command answered."""

    code: int
    out: str
    err: str


class Here:
    """Runs command lines of one cluster."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def __call__(self, line: str, stdin: str = "", *, check: bool = False) -> Result:
        out, err = io.StringIO(), io.StringIO()
        with (
            _as_before(self._cluster.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            os.environ["KUBECONFIG"] = str(self._cluster.folder / "kubeconfig")
            sys.stdin = io.StringIO(stdin)
            sys.argv = ["knarr"]
            code = main(shlex.split(line))
        assert not check or code == 0, f"{line}: {out.getvalue()}{err.getvalue()}"
        return Result(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _as_before(folder: Path) -> Iterator[None]:
    """In a folder of its own; everything is put back afterwards."""
    before = (os.environ.get("KUBECONFIG"), sys.stdin, sys.argv)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.stdin, sys.argv = before[1], before[2]
        if before[0] is None:
            os.environ.pop("KUBECONFIG", None)
        else:
            os.environ["KUBECONFIG"] = before[0]
