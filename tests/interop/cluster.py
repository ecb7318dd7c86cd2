"""A cluster in processes of its own, as `knarr up` makes it, for clients to talk to."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.interop.binaries import Binaries

START_S = 60
COMMAND_S = 60


@dataclass(frozen=True)
class Cluster:
    """One that runs."""

    name: str
    kubeconfig: Path
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What programs are run with: this cluster, and a home of their own."""
        home = str(self.home)
        return os.environ | {
            "KUBECONFIG": str(self.kubeconfig),
            "HOME": home,
            "HELM_CACHE_HOME": f"{home}/helm",
            "HELM_CONFIG_HOME": f"{home}/helm",
            "HELM_DATA_HOME": f"{home}/helm",
        }

    def run(self, *command: str | Path, stdin: str = "", code: int = 0) -> str:
        """What a command prints; its exit code must be as said."""
        done = subprocess.run(
            [str(part) for part in command],
            env=self.environment,
            cwd=self.home,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_S,
            check=False,
        )
        told = f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, f"exit code {done.returncode}, not {code}: {told}"
        return done.stdout if code == 0 else done.stdout + done.stderr

    @property
    def access(self) -> dict[str, Any]:
        """Server, token and authority, as the kubeconfig says them."""
        found = yaml.safe_load(self.kubeconfig.read_text())
        return {
            "server": found["clusters"][0]["cluster"]["server"],
            "token": found["users"][0]["user"]["token"],
        }


@dataclass(frozen=True)
class Kubectl:
    """One kubectl and one namespace of a cluster."""

    cluster: Cluster
    tools: Binaries
    namespace: str

    def __call__(self, *arguments: str, stdin: str = "", code: int = 0) -> str:
        """Run it."""
        kubectl = (str(self.tools.kubectl), "-n", self.namespace)
        return self.cluster.run(*kubectl, *arguments, stdin=stdin, code=code)


@contextmanager
def cluster(folder: Path, *flags: str) -> Iterator[Cluster]:
    """Start one, and end it."""
    name = f"t{os.getpid()}"
    kubeconfig = folder / "kubeconfig"
    where = ("--name", name, "--state-dir", str(folder / "state"))
    up = [
        *("up", "--detach", *where, "--kubeconfig", str(kubeconfig)),
        *("--rest-port", "0", "--grpc-port", "0", *flags),
    ]
    _knarr(*up)
    try:
        yield Cluster(name, kubeconfig, folder)
    finally:
        _knarr("delete", *where, "--kubeconfig", str(kubeconfig))


def _knarr(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "knarr.cluster", *arguments],
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(arguments)}\n{done.stdout}\n{done.stderr}"


def eventually(what: str, check: Any, timeout_s: float = 20.0) -> Any:
    """What `check` finds, once it finds something."""
    deadline = time.monotonic() + timeout_s
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what}: not within {timeout_s} s"
        time.sleep(0.1)
