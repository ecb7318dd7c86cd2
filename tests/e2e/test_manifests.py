"""A newcomer's manifests, as they stand, on three nodes where nothing runs.

Their storage classes are those of a cluster the tutorial had; `--storage-classes` stands in.
"""

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.e2e.cluster import ROOT, Cluster

TUTORIAL = ROOT / "tests" / "e2e" / "tutorial"
CLASSES = "my-storage-class,nfs-client-storageclass"
WAIT_S = 60.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(f"manifests{os.getpid()}", tmp_path_factory.mktemp("manifests"))
    made.up("--runtime", "hollow", "--nodes", "3", "--storage-classes", CLASSES)
    # It takes ten seconds to fail; meanwhile the others have their turn.
    made.knarr("apply", "-f", str(TUTORIAL / "job-limit.yaml"))
    yield made
    made.knarr("delete", "--name", made.name)


def apply(cluster: Cluster, name: str) -> str:
    return cluster.knarr("apply", "-f", str(TUTORIAL / f"{name}.yaml"))


def until(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not holds():
        assert time.monotonic() < deadline, f"still not so after {WAIT_S} s: {what}"
        time.sleep(0.2)


def pods(cluster: Cluster, app: str) -> list[dict[str, Any]]:
    return cluster.objects("pods", "-l", f"app={app}")


def are_ready(found: list[dict[str, Any]], count: int) -> bool:
    ready = [
        any(
            one["type"] == "Ready" and one["status"] == "True"
            for one in pod["status"]["conditions"]
        )
        for pod in found
    ]
    return ready == [True] * count


def made_order(found: list[dict[str, Any]]) -> list[str]:
    """The names in the order in which the objects were last written: each waits for the other."""
    found = sorted(found, key=lambda pod: int(pod["metadata"]["resourceVersion"]))
    return [pod["metadata"]["name"] for pod in found]


def test_a_deployment_names_its_pods_at_random(cluster: Cluster) -> None:
    apply(cluster, "deployment")
    until("it runs", lambda: are_ready(pods(cluster, "nginx-deployment"), 1))
    (pod,) = pods(cluster, "nginx-deployment")
    (owner,) = cluster.objects("replicasets", "-l", "app=nginx-deployment")
    assert pod["metadata"]["name"].startswith(owner["metadata"]["name"] + "-")
    history = cluster.knarr("rollout", "history", "deployment/nginx-deployment")
    assert history.strip().splitlines()[-1].split() == ["1", "<none>"]


@pytest.mark.parametrize(
    ("manifest", "name", "app", "claim"),
    [
        pytest.param("statefulset", "web", "nginx", "www", id="with its Service"),
        pytest.param("state", "state", "state", "html", id="its Service has another name"),
    ],
)
def test_stateful_sets_come_and_go_in_order(
    cluster: Cluster, manifest: str, name: str, app: str, claim: str
) -> None:
    apply(cluster, manifest)
    names = [f"{name}-{number}" for number in range(3)]
    until("three run", lambda: are_ready(pods(cluster, app), 3))
    assert made_order(pods(cluster, app)) == names
    claims = [f"{claim}-{each}" for each in names]
    bound = {one["metadata"]["name"]: one["status"]["phase"] for one in cluster.objects("pvc")}
    assert [bound.get(each) for each in claims] == ["Bound"] * 3
    cluster.knarr("scale", "sts", name, "--replicas=4")
    until("a fourth runs", lambda: are_ready(pods(cluster, app), 4))
    cluster.knarr("patch", "sts", name, "-p", '{"spec":{"replicas":2}}')
    until("two are left", lambda: [*map(_name, pods(cluster, app))] == names[:2])
    cluster.knarr("delete", "sts", name)
    until("none is left", lambda: not pods(cluster, app))
    kept = {one["metadata"]["name"] for one in cluster.objects("pvc")}
    assert {*claims, f"{claim}-{name}-3"} <= kept, "claims stay"


def _name(pod: dict[str, Any]) -> str:
    name: str = pod["metadata"]["name"]
    return name


def test_a_daemon_set_is_on_every_node(cluster: Cluster) -> None:
    apply(cluster, "daemonset")

    def found() -> list[dict[str, Any]]:
        every = pods(cluster, "nginx")
        return [pod for pod in every if _name(pod).startswith("nginx-daemonset-")]

    until("one on each node", lambda: are_ready(found(), 3))
    nodes = {node["metadata"]["name"] for node in cluster.objects("nodes")}
    assert {pod["spec"]["nodeName"] for pod in found()} == nodes


def test_a_job_ends(cluster: Cluster) -> None:
    apply(cluster, "job")
    cluster.knarr("wait", "--for=condition=complete", "job/pi", "--timeout=30s")
    (pod,) = cluster.objects("pods", "-l", "job-name=pi")
    assert pod["status"]["phase"] == "Succeeded"


def test_a_cron_job_of_an_old_version_is_taken(cluster: Cluster) -> None:
    path = cluster.folder / "cronjob.yaml"
    text = (TUTORIAL / "cronjob.yaml").read_text()
    path.write_text(text.replace("apiVersion: batch/v1\n", "apiVersion: batch/v1beta1\n"))
    cluster.knarr("create", "-f", str(path))
    (found,) = cluster.objects("cronjobs")
    assert (found["apiVersion"], found["spec"]["schedule"]) == ("batch/v1", "*/1 * * * *")


def test_a_job_that_fails_is_tried_again(cluster: Cluster) -> None:
    def failed() -> bool:
        found = cluster.objects("pods", "-l", "job-name=busybox")
        return any(pod["status"]["phase"] == "Failed" for pod in found)

    until("the first try has failed", failed)
    (job,) = [one for one in cluster.objects("jobs") if _name(one) == "busybox"]
    assert job["spec"]["backoffLimit"] == 2
    assert job["status"].get("succeeded", 0) == 0


def test_what_they_use_is_told(cluster: Cluster) -> None:
    lines = cluster.knarr("top", "nodes").splitlines()
    assert lines[0].split()[:2] == ["NAME", "CPU(cores)"]
    assert len(lines) == 4
