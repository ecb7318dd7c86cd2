"""A newcomer's manifests, as they stand, in real containers: every controller, streams, names.

The slow ones (a job that fails for good, one each minute) are made first and
looked at last, so that they wait side by side.
"""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.dockerd import Dockerd, missing
from tests.e2e.cluster import ROOT, Cluster
from tests.images import archive_of
from tests.registry import serve_registry

TUTORIAL = ROOT / "tests" / "e2e" / "tutorial"
WAIT_S = 40.0

PI_BEGINS, PI_ENDS = "3.14159265358979323846264338327950288", "904780275901"


@pytest.fixture(scope="module")
def cluster(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch_module: pytest.MonkeyPatch
) -> Iterator[Cluster]:
    """A cluster on a Docker engine of its own; what that has not got comes from a mirror."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    with serve_registry([archive_of("perl")]) as mirror:
        engine = Dockerd(
            tmp_path_factory.mktemp("dockerd"), ("--registry-mirror", f"http://{mirror.host}")
        )
        engine.start()
        try:
            engine.load(archive_of("busybox"))
            engine.load(archive_of("nginx"))
            monkeypatch_module.setenv("DOCKER_HOST", engine.host)
            made = Cluster(f"test-docker-{os.getpid()}", tmp_path_factory.mktemp("cluster"))
            made.up("--runtime", "docker")
            for name in ("job-limit", "cronjob", "job", "dns-test", "deployment"):
                made.knarr("apply", "-f", str(TUTORIAL / f"{name}.yaml"))
            yield made
            made.knarr("delete", "--name", made.name)
            assert engine.ask("GET", "/containers/json") == [], "nothing runs on"
            engine.clean()
        finally:
            engine.stop()


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def until(what: str, holds: Callable[[], bool], wait_s: float = WAIT_S) -> None:
    """Look again and again until something holds."""
    deadline = time.monotonic() + wait_s
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {wait_s} s: {what}"
        time.sleep(0.1)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        text: str = answer.read().decode()
        return text


def answers(url: str) -> bool:
    try:
        get(url)
    except OSError:
        return False
    return True


@contextmanager
def asking(url: str) -> Iterator[list[str]]:
    """Ask in a loop while the block runs; collects what went wrong."""
    failures: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                get(url)
            except OSError as error:
                failures.append(str(error))
            over.wait(0.003)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield failures
    finally:
        over.set()
        thread.join()


def one(cluster: Cluster, kind: str, name: str) -> dict[str, Any]:
    for found in cluster.objects(kind):
        if found["metadata"]["name"] == name:
            return found
    return {}


def names(cluster: Cluster, selector: str) -> list[str]:
    return [pod["metadata"]["name"] for pod in cluster.objects("pods", "-l", selector)]


def on_terminal(cluster: Cluster, typed: bytes, *words: str) -> tuple[str, int]:
    """Run a command on a terminal; answer what it showed and how it ended."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "knarr.cluster", *words],
        env=cluster.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        shown = b""
        while b"$ " not in shown and b"# " not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, typed)
        while True:
            try:
                data = os.read(ours, 4096)
            except OSError:
                break
            if not data:
                break
            shown += data
        code = process.wait(20)
    os.close(ours)
    return shown.decode(errors="replace"), code


def test_a_deployment_answers_and_rolls_without_a_failed_request(cluster: Cluster) -> None:
    cluster.knarr("rollout", "status", "deployment/nginx-deployment", "--timeout=60s")
    ip = cluster.knarr("get", "service", "nginx-service", "-o", "jsonpath={.spec.clusterIP}")
    url = f"http://{ip}/"
    until("the Service answers", lambda: answers(url))
    assert "Welcome to nginx!" in get(url)
    with asking(url) as failures:
        cluster.knarr("set", "image", "deployment/nginx-deployment", "nginx=nginx:1.16")
        cluster.knarr("rollout", "status", "deployment/nginx-deployment", "--timeout=60s")
        until("one pod is left", lambda: len(names(cluster, "app=nginx-deployment")) == 1)
    assert failures == []
    (pod,) = cluster.objects("pods", "-l", "app=nginx-deployment")
    assert pod["spec"]["containers"][0]["image"] == "nginx:1.16"
    history = cluster.knarr("rollout", "history", "deployment/nginx-deployment")
    assert "2" in history.split()


def test_a_shell_on_a_terminal_finds_services_by_name(cluster: Cluster) -> None:
    until("it runs", lambda: one(cluster, "pods", "dns-test")["status"]["phase"] == "Running")
    ip = cluster.knarr("get", "service", "nginx-service", "-o", "jsonpath={.spec.clusterIP}")
    typed = b"tty; nslookup nginx-service; wget -qO- http://nginx-service/ | head -4; exit 3\n"
    shown, code = on_terminal(cluster, typed, "exec", "-it", "dns-test", "--", "sh")
    assert "/dev/pts/" in shown
    assert ip in shown, shown
    assert "Welcome to nginx!" in shown
    assert code == 3


def test_the_data_of_a_stateful_set_is_there_again(cluster: Cluster) -> None:
    cluster.knarr("apply", "-f", str(TUTORIAL / "statefulset.yaml"))
    cluster.knarr("rollout", "status", "statefulset/web", "--timeout=60s")
    assert sorted(names(cluster, "app=nginx")) == ["web-0", "web-1", "web-2"]
    for number in range(3):
        script = "hostname > /usr/share/nginx/html/index.html"
        cluster.knarr("exec", f"web-{number}", "--", "sh", "-c", script)
    before = one(cluster, "pods", "web-1")["metadata"]["uid"]
    cluster.knarr("delete", "pod", "web-1")

    def is_back() -> bool:
        pod = one(cluster, "pods", "web-1")
        return bool(pod) and pod["metadata"]["uid"] != before and "ready" in str(pod["status"])

    until("web-1 is back", is_back)
    cluster.knarr("rollout", "status", "statefulset/web", "--timeout=60s")
    asked = ("exec", "dns-test", "--", "wget", "-qO-", "http://web-1.nginx/")
    until("its name leads to it", lambda: cluster.knarr(*asked, check=False) == "web-1\n")
    claims = {one["metadata"]["name"]: one["status"]["phase"] for one in cluster.objects("pvc")}
    assert claims == {"www-web-0": "Bound", "www-web-1": "Bound", "www-web-2": "Bound"}
    cluster.knarr("delete", "statefulset", "web")


def test_a_daemon_set_has_a_pod_on_the_node(cluster: Cluster) -> None:
    cluster.knarr("apply", "-f", str(TUTORIAL / "daemonset.yaml"))
    cluster.knarr("rollout", "status", "daemonset/nginx-daemonset", "--timeout=60s")
    (pod,) = [
        pod
        for pod in cluster.objects("pods", "-l", "app=nginx")
        if pod["metadata"]["name"].startswith("nginx-daemonset-")
    ]
    assert "Welcome" in get(f"http://{pod['status']['podIP']}/")
    cluster.knarr("delete", "daemonset", "nginx-daemonset")


def test_a_job_prints_pi(cluster: Cluster) -> None:
    until("it is done", lambda: "succeeded" in one(cluster, "jobs", "pi")["status"])
    (pod,) = names(cluster, "job-name=pi")
    printed = cluster.knarr("logs", pod).strip()
    assert len(printed) == len("3.") + 1999
    assert printed.startswith(PI_BEGINS)
    assert printed.endswith(PI_ENDS)


def test_a_killed_cluster_restarts_nothing(cluster: Cluster) -> None:
    before = one(cluster, "pods", "dns-test")["status"]["containerStatuses"]
    os.kill(int(cluster.running()["pid"]), signal.SIGKILL)
    until("it is gone", lambda: not cluster.running()["running"])
    cluster.up("--runtime", "docker")
    cluster.knarr("exec", "dns-test", "--", "true")
    assert one(cluster, "pods", "dns-test")["status"]["containerStatuses"] == before


def test_a_cron_job_says_hello_each_minute(cluster: Cluster) -> None:
    def done() -> list[str]:
        return [
            job["metadata"]["name"]
            for job in cluster.objects("jobs")
            if job["metadata"]["name"].startswith("hello-") and job["status"].get("succeeded")
        ]

    until("the minute has begun", lambda: bool(done()), 75.0)
    (pod, *_) = names(cluster, f"job-name={done()[0]}")
    assert cluster.knarr("logs", pod).endswith("Hello from the Kubernetes cluster\n")


def test_a_job_that_fails_is_given_up_after_its_limit(cluster: Cluster) -> None:
    def has_failed() -> bool:
        conditions = one(cluster, "jobs", "busybox")["status"].get("conditions", [])
        return any(c["type"] == "Failed" and c["status"] == "True" for c in conditions)

    until("it is given up", has_failed, 90.0)
    job = one(cluster, "jobs", "busybox")
    assert job["status"]["failed"] == 3
    (condition,) = [c for c in job["status"]["conditions"] if c["type"] == "Failed"]
    assert condition["reason"] == "BackoffLimitExceeded"
    for pod in cluster.objects("pods", "-l", "job-name=busybox"):
        (status,) = pod["status"]["containerStatuses"]
        assert status["state"]["terminated"]["exitCode"] == 1
