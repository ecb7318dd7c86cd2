"""Cables, hosts and programs fail while clients ask; how long they notice has bounds."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.multihost.api import Json, eventually
from tests.multihost.asking import WEB, Looping, ask, daemon_set, names_of, service
from tests.multihost.cluster import DNS, Cluster
from tests.multihost.networks import Network

APP = "trouble"
PATH = f"/api/v1/namespaces/default/services/{APP}"

DEAD_S = 8.0
"""The cluster's --node-monitor-grace-period."""

LATE_S = 15.0
"""How much later its endpoints are gone everywhere: nodes are looked at every five seconds."""

DEPLOYMENT = f"""
apiVersion: apps/v1
kind: Deployment
metadata: {{name: rolling}}
spec:
  replicas: 4
  selector: {{matchLabels: {{app: rolling}}}}
  strategy: {{rollingUpdate: {{maxSurge: 2, maxUnavailable: 0}}}}
  template:
    metadata: {{labels: {{app: rolling}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: web{WEB}"""


@pytest.fixture(scope="module")
def pods(cluster: Cluster) -> Iterator[list[Json]]:
    """A web pod on each node, a Service before them."""
    cluster.api.apply(daemon_set(APP))
    cluster.api.apply(service(APP, APP))
    yield sorted(
        cluster.api.ready_pods(f"app={APP}", len(cluster.nodes), 60),
        key=lambda pod: str(pod["spec"]["nodeName"]),
    )
    cluster.api.delete(f"/apis/apps/v1/namespaces/default/daemonsets/{APP}")
    cluster.api.delete(PATH)


@pytest.fixture
def healed(cluster: Cluster) -> Iterator[None]:
    """Wires that are whole again after the test, whatever it did, and nodes that are ready."""
    yield
    cluster.lab.wires.heal()
    cluster.wait_ready()


@pytest.fixture
def virtual(cluster: Cluster, pods: list[Json]) -> str:
    found: str = cluster.api.get(PATH)["spec"]["clusterIP"]
    return found


def all_answer(where: Network, virtual: str, count: int) -> Callable[[], None]:
    def look() -> None:
        assert len(names_of(where, virtual, times=6 * count)) == count

    return look


@pytest.mark.usefixtures("healed")
def test_a_cut_host_is_left_out_and_taken_back(cluster: Cluster, virtual: str) -> None:
    client = cluster.nodes[0].network
    eventually(all_answer(client, virtual, 3), 10)
    with Looping(client, virtual) as looping:
        cut = time.monotonic()
        cluster.lab.wires.cut(cluster.nodes[1])
        eventually(all_answer(client, virtual, 2), DEAD_S + LATE_S + 10)
        time.sleep(1)
        assert looping.last_failure - cut < DEAD_S + LATE_S, "endpoints of a dead host are left out"
        failed = len(looping.failures)
        cluster.lab.wires.heal()
        eventually(all_answer(client, virtual, 3), 20)
    assert len(looping.failures) == failed, "its return costs nobody a request"
    assert looping.answers


@pytest.mark.usefixtures("healed")
def test_a_partition_of_two_hosts_ends_with_its_cause(
    cluster: Cluster, pods: list[Json], virtual: str
) -> None:
    one, other, third = cluster.nodes
    clients = [one.network, cluster.sandbox(pods[2])]
    for client in clients:
        eventually(all_answer(client, virtual, 3), 10)
    cluster.lab.wires.partition(one, other)
    time.sleep(0.5)
    assert set(names_of(clients[1], virtual)) == {p["metadata"]["name"] for p in pods}
    with pytest.raises(OSError, match="timed out"):
        ask(clients[0], pods[1]["status"]["podIP"], timeout_s=0.5)
    cluster.lab.wires.heal()
    healed = time.monotonic()
    eventually(all_answer(clients[0], virtual, 3), 5)
    assert time.monotonic() - healed < 3
    cluster.lab.wires.one_way(third, one)
    with pytest.raises(OSError, match="timed out"):
        ask(clients[0], pods[2]["status"]["podIP"], timeout_s=0.5)
    cluster.lab.wires.heal()
    eventually(all_answer(clients[0], virtual, 3), 5)


@pytest.mark.usefixtures("healed")
def test_slow_and_lossy_wires_carry_on(cluster: Cluster, pods: list[Json], virtual: str) -> None:
    client = cluster.nodes[0].network
    cluster.lab.wires.delay(cluster.nodes[1], 50)
    cluster.lab.wires.lose(cluster.nodes[2], 5)
    began = time.monotonic()
    assert ask(client, pods[1]["status"]["podIP"])[0] == pods[1]["metadata"]["name"]
    assert time.monotonic() - began > 0.2, "two round trips of 100 ms"
    for _ in range(10):
        assert ask(client, pods[2]["status"]["podIP"], timeout_s=8)


def test_a_dead_host_comes_back_with_its_pods(
    cluster: Cluster, pods: list[Json], virtual: str
) -> None:
    client, dead = cluster.nodes[0].network, cluster.nodes[2]
    eventually(all_answer(client, virtual, 3), 10)
    with Looping(client, virtual) as looping:
        died = time.monotonic()
        dead.kill()
        eventually(all_answer(client, virtual, 2), DEAD_S + LATE_S + 10)
        time.sleep(1)
        assert looping.last_failure - died < DEAD_S + LATE_S
        dead.boot()
        cluster.wait_ready()
        eventually(all_answer(client, virtual, 3), 40)
        eventually(all_answer(dead.network, virtual, 3), 10)
    pods[2] = next(
        pod
        for pod in cluster.api.ready_pods(f"app={APP}", 3)
        if pod["spec"]["nodeName"] == dead.name
    )
    inside = cluster.sandbox(pods[2])
    seen = eventually(lambda: ask(inside, pods[0]["status"]["podIP"]))
    assert seen == (pods[0]["metadata"]["name"], pods[2]["status"]["podIP"])


def test_programs_that_crash_cost_nobody_a_request(cluster: Cluster, virtual: str) -> None:
    client, victim = cluster.nodes[0].network, cluster.nodes[0]
    eventually(all_answer(client, virtual, 3), 10)
    with Looping(client, virtual) as looping:
        for program in ("kubelet", "proxy"):
            victim.crash(program)
        cluster.control.crash("controller_manager")
        victim.restart("proxy", after_s=0.5)
        cluster.wait_ready()
        time.sleep(1)
    assert not looping.failures
    assert looping.answers


def test_a_crashed_engine_opens_its_doors_again(
    cluster: Cluster, pods: list[Json], virtual: str
) -> None:
    victim = cluster.nodes[1]
    client = cluster.sandbox(pods[2])
    eventually(all_answer(client, virtual, 3), 10)
    with Looping(client, pods[1]["status"]["podIP"]) as looping:
        victim.engine.kill()
        victim.engine.start()
        started = time.monotonic()
        time.sleep(4)
    assert looping.last_failure < started + 3.5, "Docker's rules are mended within seconds"
    assert looping.answers


def test_names_are_back_as_soon_as_the_name_server(cluster: Cluster) -> None:
    victim = cluster.nodes[1]
    victim.crash("dns")

    def look() -> None:
        words = ("dig", f"@{DNS}", "+short", "+time=1", "+tries=1")
        told = victim.run(*words, "kubernetes.default.svc.cluster.local", check=False)
        assert told.strip() == "10.96.0.1"

    eventually(look, 15)


def test_endpoints_come_and_go_under_a_looping_client(cluster: Cluster) -> None:
    cluster.api.apply(DEPLOYMENT)
    cluster.api.apply(service("rolling", "rolling"))
    deployment = "/apis/apps/v1/namespaces/default/deployments/rolling"
    try:
        cluster.api.ready_pods("app=rolling", 4, 60)
        where = cluster.api.get("/api/v1/namespaces/default/services/rolling")["spec"]["clusterIP"]
        client = cluster.nodes[1].network
        eventually(all_answer(client, where, 4), 10)
        with Looping(client, where) as looping:
            note = {"spec": {"template": {"metadata": {"annotations": {"turn": "2"}}}}}
            cluster.api.patch(deployment, note)

            def rolled() -> None:
                status = cluster.api.get(deployment)["status"]
                assert status.get("observedGeneration") == 2
                assert (status.get("updatedReplicas"), status.get("replicas")) == (4, 4)

            eventually(rolled, 60)
            time.sleep(1.5)
        total = sum(looping.answers.values())
        assert len(looping.failures) <= total // 100, looping.failures
        assert len(looping.answers) >= 8, "old pods and new ones"
    finally:
        cluster.api.delete(deployment)
        cluster.api.delete("/api/v1/namespaces/default/services/rolling")
