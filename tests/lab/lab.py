"""The lab of docker-compose.yml, as tests use it: the one that runs, or one of their own."""

import ctypes
import json
import os
import shutil
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from tests.dockerd import missing as missing_engine

ROOT = Path(__file__).parents[2]
NODES = ("node1", "node2", "node3")
UP_S = 600.0
WAIT_S = 90.0
NETWORK_NAMESPACE = 0x40000000

FETCH = """import sys, urllib.request
for _ in range(int(sys.argv[2])):
    with urllib.request.urlopen(sys.argv[1], timeout=5) as answer:
        print(answer.read().decode().strip())
"""
"""Prints what a URL answers; every container of the lab has Python, not every one has wget."""


def missing() -> str:
    """Why no lab can be started here; empty when one can."""
    reason = missing_engine()
    if reason:
        return reason
    if shutil.which("docker") is None:
        return "the docker command is not installed"
    if shutil.which("docker-compose") is None and not _is_plugin_there():
        return "there is no Docker Compose: pip install -r lab/requirements.txt"
    return ""


def _is_plugin_there() -> bool:
    command = ["docker", "compose", "version"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Lab:
    """A lab and the commands that reach it."""

    state: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    """What lab.sh and docker-compose.yml are told by the environment."""
    network: str = "172.31.0"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(self.state / "kubeconfig"),
            **self.settings,
        }

    @property
    def addresses(self) -> Mapping[str, str]:
        """Where each node is."""
        return {name: f"{self.network}.{31 + number}" for number, name in enumerate(NODES)}

    def script(self, *words: str, timeout_s: float = WAIT_S, check: bool = True) -> str:
        """Run lab.sh and answer what it prints."""
        return self._run([str(ROOT / "lab/lab.sh"), *words], timeout_s, check=check)

    def compose(self, *words: str, check: bool = True) -> str:
        return self.script("compose", *words, check=check)

    @cached_property
    def engine(self) -> str:
        """Where the lab's Docker engine answers."""
        return self.script("engine").strip()

    def docker(self, *words: str, check: bool = True) -> str:
        """Compose would do the same, and take half a second of a processor each time."""
        return self._run(["docker", "--host", self.engine, *words], WAIT_S, check=check)

    def container(self, service: str) -> str:
        return f"{self.settings.get('LAB_NAME', 'knarr-lab')}-{service}-1"

    def kill(self, service: str) -> None:
        self.docker("kill", self.container(service))

    def start(self, service: str) -> None:
        self.docker("start", self.container(service))

    def on(self, service: str, *words: str, check: bool = True) -> str:
        """Run a command in a container of the lab."""
        return self.docker("exec", self.container(service), *words, check=check)

    def fetch_on(self, service: str, url: str, *, times: int = 1) -> set[str]:
        """What a URL answers to a container of the lab, asked so often; as far as it answers."""
        words = ("python3", "-c", FETCH, url, str(times))
        return set(self.on(service, *words, check=False).split())

    def knarr(self, *words: str, check: bool = True) -> str:
        return self._run([sys.executable, "-m", "knarr.cluster", *words], WAIT_S, check=check)

    @contextmanager
    def lines(self, *words: str) -> Iterator[list[str]]:
        """What a command that goes on has printed so far."""
        with subprocess.Popen(
            [sys.executable, "-m", "knarr.cluster", *words],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            found: list[str] = []
            assert process.stdout is not None
            out = process.stdout
            reader = threading.Thread(target=lambda: found.extend(out))
            reader.start()
            try:
                yield found
                assert process.poll() is None, found
            finally:
                process.kill()
                reader.join()

    def objects(self, *words: str) -> list[dict[str, Any]]:
        """The items of `knarr get … -o json`."""
        items: list[dict[str, Any]] = json.loads(self.knarr("get", *words, "-o", "json"))["items"]
        return items

    def context(self) -> tuple[str, str, ssl.SSLContext]:
        """REST address, token, and whom to believe."""
        config = yaml.safe_load((self.state / "kubeconfig").read_text())
        cluster = config["clusters"][0]["cluster"]
        trust = ssl.create_default_context(
            cadata=b64decode(cluster["certificate-authority-data"]).decode()
        )
        return cluster["server"], config["users"][0]["user"]["token"], trust

    def rest(self, path: str, *, server: str = "", change: bytes | None = None) -> str:
        """What the REST API answers to a GET, or to a merge patch."""
        here, token, trust = self.context()
        headers = {"Authorization": f"Bearer {token}"}
        if change is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        request = urllib.request.Request(
            (server or here) + path,
            data=change,
            headers=headers,
            method="GET" if change is None else "PATCH",
        )
        with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
            body: bytes = answer.read()
            return body.decode()

    def leader(self, lease: str) -> str:
        """The service of the lab that leads."""
        holder = self.knarr("get", "lease", lease, "-n", "kube-system", "-o", "json")
        identity: str = json.loads(holder)["spec"]["holderIdentity"]
        return identity.partition("_")[0]

    def _run(self, command: list[str], timeout_s: float, *, check: bool) -> str:
        done = subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout


def until(what: Callable[[], object], *, wait_s: float = WAIT_S) -> Any:
    """What a question answers as soon as that is true of anything."""
    deadline = time.monotonic() + wait_s
    while True:
        try:
            found, last = what(), "it is not so"
        except (OSError, AssertionError) as error:
            found, last = None, str(error)
        if found:
            return found
        assert time.monotonic() < deadline, f"{wait_s:.0f} s and still not: {last}"
        time.sleep(0.3)


@contextmanager
def own_network(name: str) -> Iterator[None]:
    """Be in a network of our own meanwhile, so that no other engine's rules meet ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/self/ns/net").open() as before:
        subprocess.run(["ip", "netns", "add", name], check=True)
        try:
            with Path(f"/run/netns/{name}").open() as ours:
                assert libc.setns(ours.fileno(), NETWORK_NAMESPACE) == 0
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            yield
        finally:
            assert libc.setns(before.fileno(), NETWORK_NAMESPACE) == 0
            subprocess.run(["ip", "netns", "del", name], check=False)
