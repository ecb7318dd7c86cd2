"""Each part as a process of its own, talking over gRPC."""

import os
import signal
import time
import urllib.request
from pathlib import Path

from tests.e2e.cluster import ROOT, Cluster

WAIT_S = 60.0


def parts(folder: Path) -> dict[str, int]:
    """The pid of each part, by its module."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if any(str(folder) in word for word in words) and "-m" in words:
            found[words[words.index("-m") + 1]] = int(path.parent.name)
    return found


def test_parts_run_apart_and_are_started_again(tmp_path: Path) -> None:
    cluster = Cluster(f"apart{os.getpid()}", tmp_path)
    cluster.up("--separate")
    try:
        before = parts(tmp_path)
        apart = {"apiserver", "controller_manager", "scheduler", "kubelet", "proxy", "dns"}
        assert apart <= before.keys()
        os.kill(before["controller_manager"], signal.SIGKILL)
        cluster.knarr("apply", "-f", str(ROOT / "examples" / "hello.yaml"))
        cluster.knarr("rollout", "status", "deployment/hello", "--timeout=60s")
        assert parts(tmp_path)["controller_manager"] != before["controller_manager"]
        ip = cluster.knarr("get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")
        deadline = time.monotonic() + WAIT_S
        status = 0
        while status != 200 and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://{ip}:8080/", timeout=2) as answer:
                    status = answer.status
            except OSError:
                time.sleep(0.1)
        assert status == 200
    finally:
        cluster.knarr("delete", "--name", cluster.name)
    assert parts(tmp_path) == {}
