"""README's story on a cluster of its own: run, heal, roll, go back, scale, survive."""

import os
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import ROOT, Cluster

HELLO = str(ROOT / "examples" / "hello.yaml")
WAIT_S = 30.0
CHANGE = '[{"op":"add","path":"/spec/template/spec/containers/0/command/-","value":"--cgi"}]'


def until(what: str, holds: Callable[[], bool]) -> None:
    """Look again and again until something holds."""
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {WAIT_S} s: {what}"
        time.sleep(0.1)


def pods(cluster: Cluster) -> list[dict[str, Any]]:
    return [
        pod
        for pod in cluster.objects("pods", "-l", "app=hello")
        if "deletionTimestamp" not in pod["metadata"]
    ]


def ready(cluster: Cluster) -> list[str]:
    return [
        pod["metadata"]["name"]
        for pod in pods(cluster)
        if any(
            one["type"] == "Ready" and one["status"] == "True"
            for one in pod["status"].get("conditions", [])
        )
    ]


def commands(cluster: Cluster) -> list[list[str]]:
    return [pod["spec"]["containers"][0]["command"] for pod in pods(cluster)]


def address(cluster: Cluster) -> str:
    return cluster.knarr("get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}")


def get(ip: str) -> int:
    with urllib.request.urlopen(f"http://{ip}:8080/", timeout=5) as answer:
        status: int = answer.status
        return status


def answers(ip: str) -> bool:
    try:
        return get(ip) == 200
    except OSError:
        return False


@contextmanager
def asking(ip: str) -> Iterator[list[str]]:
    """Ask in a loop while the block runs; collects what went wrong."""
    failures: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                get(ip)
            except OSError as error:
                failures.append(str(error))
            over.wait(0.02)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield failures
    finally:
        over.set()
        thread.join()


def process_of(uid: str) -> int | None:
    """The pid of the web server of a pod, None when it has none."""
    mark = f"KNARR_CONTAINER_ID=process://{uid}/".encode()
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            marked = any(one.startswith(mark) for one in path.read_bytes().split(b"\0"))
            command = path.with_name("cmdline").read_bytes()
        except OSError:
            continue
        if marked and b"http.server" in command and not command.startswith(b"/bin/sh"):
            return int(path.parent.name)
    return None


@pytest.fixture(scope="module")
def hello(cluster: Cluster) -> Cluster:
    cluster.knarr("apply", "-f", HELLO)
    cluster.knarr("rollout", "status", "deployment/hello", "--timeout=30s")
    return cluster


def test_a_service_answers_at_its_address_and_name(hello: Cluster) -> None:
    ip = address(hello)
    until("the Service answers", lambda: answers(ip))
    told = hello.knarr("resolve", "--name", hello.name, "hello.default.svc.cluster.local")
    assert told == f"hello.default.svc.cluster.local. {ip}\n"


def test_a_second_up_finds_it_running(hello: Cluster) -> None:
    pid = hello.running()["pid"]
    assert "runs already" in hello.up()
    assert hello.running()["pid"] == pid


def test_a_deleted_pod_is_replaced(hello: Cluster) -> None:
    before = ready(hello)
    assert len(before) == 3
    hello.knarr("delete", "pod", before[0])
    until("three pods are ready", lambda: len(ready(hello)) == 3)
    assert before[0] not in ready(hello)


def test_a_killed_process_is_started_again(hello: Cluster) -> None:
    (pod, *_) = pods(hello)
    name = pod["metadata"]["name"]
    process = process_of(pod["metadata"]["uid"])
    assert process is not None
    os.kill(process, signal.SIGKILL)

    def restarted() -> bool:
        (again,) = [one for one in pods(hello) if one["metadata"]["name"] == name]
        status = again["status"]["containerStatuses"][0]
        return bool(status["restartCount"] == 1 and status["ready"])

    until("its restart is counted", restarted)


def test_a_rollout_loses_no_request_and_goes_back(hello: Cluster) -> None:
    ip = address(hello)
    with asking(ip) as failures:
        hello.knarr("patch", "deployment", "hello", "--type=json", "-p", CHANGE)
        hello.knarr("rollout", "status", "deployment/hello", "--timeout=60s")
        until("the new pods are left", lambda: all("--cgi" in one for one in commands(hello)))
        hello.knarr("rollout", "undo", "deployment/hello")
        hello.knarr("rollout", "status", "deployment/hello", "--timeout=60s")
    assert failures == []
    until("the old form is back", lambda: not any("--cgi" in one for one in commands(hello)))


def test_it_scales_to_twenty_and_to_none(hello: Cluster) -> None:
    hello.knarr("scale", "deployment/hello", "--replicas=20")
    until("twenty pods are ready", lambda: len(ready(hello)) == 20)
    hello.knarr("scale", "deployment/hello", "--replicas=0")
    until("no pod is left", lambda: hello.objects("pods", "-l", "app=hello") == [])
    ip = address(hello)
    with pytest.raises(OSError, match="refused"), socket.create_connection((ip, 8080), timeout=5):
        pass
    hello.knarr("scale", "deployment/hello", "--replicas=3")
    until("three pods are ready", lambda: len(ready(hello)) == 3)


def test_a_killed_cluster_finishes_its_rollout(hello: Cluster) -> None:
    hello.knarr("patch", "deployment", "hello", "--type=json", "-p", CHANGE)
    os.kill(int(hello.running()["pid"]), signal.SIGKILL)
    until("it is gone", lambda: not hello.running()["running"])
    hello.up()
    hello.knarr("rollout", "status", "deployment/hello", "--timeout=60s")
    until("the new pods are left", lambda: all("--cgi" in one for one in commands(hello)))
    assert len(ready(hello)) == 3
    until("the Service answers", lambda: answers(address(hello)))


def test_down_leaves_nothing_running_and_up_brings_it_back(hello: Cluster) -> None:
    uids = [pod["metadata"]["uid"] for pod in pods(hello)]
    assert all(process_of(uid) is not None for uid in uids)
    hello.knarr("down", "--name", hello.name)
    assert [process_of(uid) for uid in uids] == [None] * len(uids)
    hello.up()
    until("three pods are ready", lambda: len(ready(hello)) == 3)
