"""What goes wrong at the start is told in one line."""

import os
import socket
from pathlib import Path

import pytest

from tests.e2e.cluster import Cluster


@pytest.fixture
def stopped(tmp_path: Path) -> Cluster:
    return Cluster(f"trouble{os.getpid()}", tmp_path)


def test_a_busy_port_is_named(stopped: Cluster) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        told = stopped.knarr(
            "up", "--detach", "--name", stopped.name, "--rest-port", str(port), check=False
        )
    assert len(told.splitlines()) == 1
    assert f"port {port} is not free" in told
    assert "--rest-port" in told


def test_a_folder_that_cannot_be_made_is_named(stopped: Cluster) -> None:
    (stopped.folder / "file").write_text("")
    state_dir = str(stopped.folder / "file" / "below")
    told = stopped.knarr("up", "--detach", "--state-dir", state_dir, check=False)
    assert len(told.splitlines()) == 1
    assert "cannot write to" in told
    assert "--state-dir" in told


def test_a_broken_layout_is_named(stopped: Cluster) -> None:
    folder = stopped.folder / "state" / "knarr" / stopped.name
    folder.mkdir(parents=True)
    (folder / "cluster.json").write_text("{")
    told = stopped.knarr("up", "--detach", "--name", stopped.name, check=False)
    assert len(told.splitlines()) == 1
    assert "cluster.json is broken" in told


def test_a_store_that_is_no_store_is_named(stopped: Cluster) -> None:
    told = stopped.knarr(
        "up", "--detach", "--name", stopped.name, "--store", "tape://x", check=False
    )
    assert len(told.splitlines()) == 1
    assert "tape" in told


def test_remains_of_a_killed_cluster_are_no_hindrance(stopped: Cluster) -> None:
    folder = stopped.folder / "state" / "knarr" / stopped.name
    folder.mkdir(parents=True)
    (folder / "running.json").write_text('{"pid": 1, "server": "", "grpc": ""}')
    assert "is ready" in stopped.up("--nodes", "0")
    assert "is deleted" in stopped.knarr("delete", "--name", stopped.name)
