"""A cluster of the tests' own, started by the real command."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WAIT_S = 90


@dataclass(frozen=True)
class Cluster:
    """One cluster and the commands that reach it."""

    name: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }

    def knarr(self, *words: str, check: bool = True) -> str:
        """Run a command and answer what it prints; both streams where it may fail."""
        done = subprocess.run(
            [sys.executable, "-m", "knarr.cluster", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout if check else done.stdout + done.stderr

    def up(self, *flags: str) -> str:
        return self.knarr(
            "up", "--detach", "--name", self.name, "--rest-port", "0", "--grpc-port", "0", *flags
        )

    def running(self) -> dict[str, Any]:
        """What the cluster says of itself."""
        found: dict[str, Any] = json.loads(self.knarr("status", "--output", "json"))[self.name]
        return found

    def objects(self, *words: str) -> list[dict[str, Any]]:
        """The items of `knarr get … -o json`."""
        items: list[dict[str, Any]] = json.loads(self.knarr("get", *words, "-o", "json"))["items"]
        return items
