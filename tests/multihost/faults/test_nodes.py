"""What may befall a node or the host that leads, and what must hold all the while."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.multihost.api import Json, RefusedError, eventually
from tests.multihost.clocks import Skew
from tests.multihost.cluster import Cluster
from tests.multihost.disks import small_disk
from tests.multihost.host import Host
from tests.multihost.stories import WAIT_S, a_lost_node, clean, stateful_set
from tests.multihost.witness import Ledger, Once

AHEAD_S = 240
"""Hosts' clocks must agree within five minutes."""

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def whole(cluster: Cluster) -> Iterator[None]:
    """Whatever a test did, all is whole after it and its pods gone."""
    yield
    cluster.lab.wires.heal()
    cluster.revive()
    cluster.wait_ready(WAIT_S)
    clean(cluster)


@pytest.fixture
def ordinals(cluster: Cluster) -> list[Json]:
    """A StatefulSet's pods, one a node."""
    cluster.api.apply(stateful_set(len(cluster.nodes), toleration_s=300))
    return _ordinals(cluster)


def _ordinals(cluster: Cluster) -> list[Json]:
    return cluster.api.ready_pods("app=once", len(cluster.nodes), WAIT_S)


def _uids(pods: list[Json]) -> dict[str, str]:
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in pods}


def _containers(cluster: Cluster) -> set[str]:
    """The containers that run for the StatefulSet: two a pod, with that of its network."""
    return {
        one["Id"]
        for host in cluster.nodes
        for one in host.engine.ask("GET", "/containers/json")
        if one["Labels"].get("io.kubernetes.pod.name", "").startswith("once-")
    }


def _ready_since(cluster: Cluster) -> dict[str, str]:
    """Since when each node is ready."""
    found = {}
    for node in cluster.api.get("/api/v1/nodes")["items"]:
        states = {one["type"]: one for one in node["status"]["conditions"]}
        assert states["Ready"]["status"] == "True", node["metadata"]["name"]
        found[node["metadata"]["name"]] = states["Ready"]["lastTransitionTime"]
    return found


@pytest.mark.parametrize("way", ["hears nothing", "is not heard"])
def test_a_wire_that_carries_one_way_is_as_a_cut_one(cluster: Cluster, way: str) -> None:
    lost, control = cluster.nodes[2], cluster.control
    ends = (control, lost) if way == "hears nothing" else (lost, control)
    a_lost_node(cluster, lost, lambda: cluster.lab.wires.one_way(*ends))


def test_slow_and_lossy_wires_cost_no_pod_its_node(cluster: Cluster, ordinals: list[Json]) -> None:
    ran = _containers(cluster)
    with Once(cluster.nodes, "once-") as once, Ledger([cluster.api], "slow") as ledger:
        cluster.lab.wires.delay(cluster.nodes[1], 100)
        cluster.lab.wires.lose(cluster.nodes[2], 5)
        ledger.more(20)
        cluster.api.delete("/api/v1/namespaces/default/pods/once-0")
        eventually(lambda: _replaced(cluster, ordinals, {"once-0"}), WAIT_S)
        ledger.more(20)
    once.check()
    ledger.check()
    assert len(_containers(cluster) & ran) == len(ran) * 2 // 3, "others were left alone"


def _replaced(cluster: Cluster, before: list[Json], names: set[str]) -> None:
    """Just these pods are others than before, and all are ready."""
    old, new = _uids(before), _uids(cluster.api.ready_pods("app=once", len(before), 0))
    assert {name for name in old if new[name] != old[name]} == names


def test_clocks_that_are_wrong_and_are_set_move_no_pod(
    cluster: Cluster, ordinals: list[Json]
) -> None:
    one, other, _ = cluster.nodes
    reason = next(filter(None, map(Skew.why_not, cluster.lab.hosts)), "")
    if reason:
        pytest.skip(reason)
    with ExitStack() as stack, Once(cluster.nodes, "once-") as once:
        programs = ((one, "kubelet"), (other, "kubelet"), (cluster.control, "controller_manager"))
        ahead, behind, leader = (stack.enter_context(Skew(*one)) for one in programs)
        eventually(lambda: _renewed(cluster, one, other), WAIT_S)
        since, ran = _ready_since(cluster), _containers(cluster)
        for turn in (1, -1):
            ahead.set(turn * AHEAD_S)
            behind.set(-turn * AHEAD_S)
            leader.set(turn * AHEAD_S)
            eventually(lambda t=turn: _is_skewed(cluster, one, t), WAIT_S)  # type: ignore[misc]
            for _ in range(3):
                _renewed_again(cluster, one, other)
        assert _ready_since(cluster) == since, "nobody was taken for dead"
        cluster.api.delete("/api/v1/namespaces/default/pods/once-0")
        eventually(lambda: _replaced(cluster, ordinals, {"once-0"}), WAIT_S)
        assert len(_containers(cluster) & ran) == len(ran) * 2 // 3, "others were left alone"
    once.check()


def _lease(cluster: Cluster, host: Host) -> str:
    path = f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{host.name}"
    return str(cluster.api.get(path)["spec"]["renewTime"])


def _renewed(cluster: Cluster, *hosts: Host) -> None:
    for host in hosts:
        assert host.is_running("kubelet"), host.name
    _ready_since(cluster)


def _renewed_again(cluster: Cluster, *hosts: Host) -> None:
    """Wait until each has renewed its Lease."""
    before = {host.name: _lease(cluster, host) for host in hosts}

    def look() -> None:
        for host in hosts:
            assert _lease(cluster, host) != before[host.name], host.name

    eventually(look, WAIT_S)


def _is_skewed(cluster: Cluster, host: Host, turn: int) -> None:
    """The one kubelet says it is later, or earlier, than the other nodes do."""
    own, right = _lease(cluster, host), _lease(cluster, cluster.nodes[2])
    assert (own > right) == (turn > 0), (own, right)


def test_a_full_disk_of_the_store_costs_writes_and_nothing_else(
    cluster: Cluster, ordinals: list[Json]
) -> None:
    control, ran = cluster.control, _containers(cluster)
    words = control.stop("apiserver")
    (flag,) = (word for word in words if word.startswith("--store="))
    folder = control.folder / "small"
    with small_disk(control, folder, mebibytes=32) as disk:
        control.run("sh", "-c", f"cp {control.folder}/store.db* {folder}/")
        small = [word if word != flag else f"--store=sqlite://{folder}/store.db" for word in words]
        control.start("apiserver", *small)
        with Ledger([cluster.api], "full") as ledger:
            ledger.more()
            disk.fill()
            eventually(lambda: _is_refused(cluster), WAIT_S)
            for _ in range(5):
                assert len(cluster.api.get("/api/v1/nodes")["items"]) == 3, "reads go on"
            assert _containers(cluster) == ran, "pods go on"
            disk.empty()
            ledger.more(20, WAIT_S)
            control.crash("apiserver")
            ledger.more(20, WAIT_S)
        ledger.check()
        cluster.revive()
        assert _uids(_ordinals(cluster)) == _uids(ordinals)
        assert _containers(cluster) == ran
        control.stop("apiserver")
        control.run("sh", "-c", f"cd {control.folder} && rm store.db* && cp small/store.db* .")
    control.start("apiserver", *words)


def _is_refused(cluster: Cluster) -> None:
    data, meta = {"large": "x" * 100_000}, {"name": "full"}
    told = "it is done"
    try:
        cluster.api.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    except RefusedError as error:
        told = str(error)
    assert re.match("503: .*no room", told), told


def test_a_full_disk_of_a_node_takes_no_pods_until_there_is_room(
    cluster: Cluster, ordinals: list[Json]
) -> None:
    """Its kubelet says so, and others' pods are left alone."""
    host, ran = cluster.nodes[1], _containers(cluster)
    words = host.stop("kubelet")
    (flag,) = (word for word in words if word.startswith("--root-dir="))
    folder = Path(flag.partition("=")[2])
    host.run("cp", "-a", str(folder), f"{folder}.kept")
    with small_disk(host, folder, mebibytes=64) as disk:
        host.run("cp", "-a", f"{folder}.kept/.", str(folder))
        host.start("kubelet", *words, "--eviction-pressure-transition-period=1s")
        cluster.wait_ready(WAIT_S)
        eventually(lambda: _pressure(cluster, host, "False"), WAIT_S)
        disk.fill()
        eventually(lambda: _pressure(cluster, host, "True"), WAIT_S)
        disk.empty()
        eventually(lambda: _pressure(cluster, host, "False"), WAIT_S)
        cluster.wait_ready(WAIT_S)
        assert {pod["spec"]["nodeName"] for pod in _ordinals(cluster)} == {
            one.name for one in cluster.nodes
        }
        assert len(_containers(cluster) & ran) >= len(ran) - 1, "others were left alone"
        host.stop("kubelet")
    host.start("kubelet", *words)


def _pressure(cluster: Cluster, host: Host, status: str) -> None:
    node = cluster.api.get(f"/api/v1/nodes/{host.name}")
    states = {one["type"]: one["status"] for one in node["status"]["conditions"]}
    assert states["DiskPressure"] == status, states
    taints = {taint["key"] for taint in node["spec"].get("taints", ())}
    assert ("node.kubernetes.io/disk-pressure" in taints) == (status == "True"), taints


def test_a_node_that_is_started_anew_has_its_pods_again(
    cluster: Cluster, ordinals: list[Json]
) -> None:
    """Same pods, new containers: it was back before anybody was given up."""
    host = cluster.nodes[1]
    with Once(cluster.nodes, "once-") as once, Ledger([cluster.api], "reboot") as ledger:
        ledger.more()
        host.kill()
        ledger.more()
        host.boot()
        cluster.wait_ready(WAIT_S)

        def again() -> None:
            pods = cluster.api.ready_pods("app=once", len(cluster.nodes), 0)
            assert _uids(pods) == _uids(ordinals)
            (back,) = (pod for pod in pods if pod["spec"]["nodeName"] == host.name)
            assert back["status"]["containerStatuses"][0]["restartCount"] >= 1
            assert len(_containers(cluster)) == 2 * len(cluster.nodes)

        eventually(again, WAIT_S)
        ledger.more()
    once.check()
    ledger.check()


def test_the_leading_host_is_started_anew_and_no_pod_notices(
    cluster: Cluster, ordinals: list[Json]
) -> None:
    ran, control = _containers(cluster), cluster.control
    with Once(cluster.nodes, "once-") as once, Ledger([cluster.api], "leader") as ledger:
        ledger.more()
        control.kill()
        assert _containers(cluster) == ran
        control.boot()
        cluster.lab.wires.lead(control, cluster.nodes)
        ledger.more(20, WAIT_S)
        cluster.wait_ready(WAIT_S)
        assert _uids(_ordinals(cluster)) == _uids(ordinals)
        assert _containers(cluster) == ran
        cluster.api.delete("/api/v1/namespaces/default/pods/once-0")
        eventually(lambda: _replaced(cluster, ordinals, {"once-0"}), WAIT_S)
    once.check()
    ledger.check()


def test_programs_that_are_killed_again_and_again_cost_nothing(
    cluster: Cluster, ordinals: list[Json]
) -> None:
    """Each is killed while writes are under way; containers, pods and writes are as they were."""
    ran, control = _containers(cluster), cluster.control
    victims = [(control, name) for name in ("apiserver", "controller_manager", "scheduler")]
    victims += [(host, name) for host in cluster.nodes for name in ("kubelet", "proxy", "dns")]
    with Once(cluster.nodes, "once-") as once, Ledger([cluster.api], "killed") as ledger:
        for host, name in [*victims, (control, "apiserver")]:
            ledger.more(2, WAIT_S)
            host.crash(name)
        ledger.more(10, WAIT_S)
        cluster.wait_ready(WAIT_S)
        eventually(lambda: _ready_since(cluster), WAIT_S)
        assert _uids(_ordinals(cluster)) == _uids(ordinals)
        assert _containers(cluster) == ran
    once.check()
    ledger.check()
