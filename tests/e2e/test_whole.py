"""A cluster as a whole: reset, snapshots, pause and resume."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from knarr.client import snapshots
from knarr.cluster.folder import Folder
from knarr.cluster.whole import connect
from tests.e2e.cluster import Cluster

RESET_S = 1.0
WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: web, image: none, command: [sleep, "1000"]}]
"""


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(f"whole{os.getpid()}", tmp_path_factory.mktemp("whole"))
    made.up("--runtime", "process")
    yield made
    made.knarr("delete", "--name", made.name)


def hundred(folder: Path) -> Path:
    """A file with a hundred objects, a Deployment among them."""
    maps = [
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: map-{number}}}" for number in range(99)
    ]
    path = folder / "hundred.yaml"
    path.write_text("\n---\n".join([WEB, *maps]))
    return path


def names(cluster: Cluster) -> set[str]:
    return set(cluster.knarr("get", "deploy,rs,cm,svc,sa,ns", "-A", "-o", "name").split())


def test_reset_takes_less_than_a_second_with_a_hundred_objects(processes: Cluster) -> None:
    before = names(processes)
    processes.knarr("apply", "-f", str(hundred(processes.folder)))
    processes.knarr("rollout", "status", "deployment/web", "--timeout=60s")
    processes.knarr("cordon", processes.name)
    folder = Folder(processes.folder / "state" / "knarr" / processes.name)
    running = folder.running()
    assert running is not None
    client = connect(folder, running)
    took_s = []
    for _ in range(3):
        processes.knarr("apply", "-f", str(hundred(processes.folder)))
        began = time.monotonic()
        snapshots.restore(client, snapshots.read(folder.first_state))
        took_s.append(time.monotonic() - began)
    client.close()
    assert min(took_s) < RESET_S
    assert names(processes) == before
    assert processes.objects("nodes")[0]["spec"].get("unschedulable") is None
    # What the removed objects left to controllers may come a moment later.
    told = [processes.knarr("reset", "--name", processes.name) for _ in range(5)]
    assert told[-1].endswith("is as after its first start: 0 objects removed, 0 put back\n"), told


def test_a_snapshot_brings_everything_back(processes: Cluster) -> None:
    processes.knarr("apply", "-f", str(hundred(processes.folder)))
    processes.knarr("rollout", "status", "deployment/web", "--timeout=60s")
    uid = processes.knarr("get", "deployment", "web", "-o", "jsonpath={.metadata.uid}")
    file = str(processes.folder / "before.snapshot")
    assert "objects saved to" in processes.knarr("snapshot", "save", file)
    processes.knarr("reset", "--name", processes.name)
    assert processes.objects("deployments") == []
    processes.knarr("snapshot", "restore", file)
    assert processes.knarr("get", "deployment", "web", "-o", "jsonpath={.metadata.uid}") == uid
    processes.knarr("rollout", "status", "deployment/web", "--timeout=60s")
    (processes.folder / "broken").write_text("no")
    broken = processes.knarr("snapshot", "restore", str(processes.folder / "broken"), check=False)
    assert "is no snapshot" in broken


def test_a_paused_cluster_stands_still_and_goes_on(processes: Cluster) -> None:
    processes.knarr("apply", "-f", str(hundred(processes.folder)))
    processes.knarr("rollout", "status", "deployment/web", "--timeout=60s")
    pid = processes.running()["pid"]
    assert "is paused, " in processes.knarr("pause", "--name", processes.name)
    assert processes.running()["paused"]
    assert Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
    asked = processes.knarr("get", "pods", "--request-timeout=500ms", check=False)
    assert "`knarr resume` lets it go on" in asked
    assert "goes on" in processes.knarr("resume", "--name", processes.name)
    assert len(processes.objects("pods")) == 2
    processes.knarr("pause", "--name", processes.name)
    assert "is stopped" in processes.knarr("down", "--name", processes.name)


def test_images_need_docker(processes: Cluster) -> None:
    processes.up("--runtime", "process")
    told = processes.knarr("image", "load", "web:1", "--name", processes.name, check=False)
    assert "there is nothing to load" in told
