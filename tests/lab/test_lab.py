"""The compose lab is a whole cluster, and goes on when parts of it are killed."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from tests.lab.conftest import whole
from tests.lab.lab import NODES, ROOT, Lab, until

pytestmark = pytest.mark.timeout(900)

SERVERS = ("https://127.0.0.1:17443", "https://127.0.0.1:18443")
"""Each API server for itself; what the kubeconfig names leads to either."""

CLIENT = """
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: client
spec:
  selector: {matchLabels: {app: client}}
  template:
    metadata: {labels: {app: client}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - {name: client, image: "busybox:1.36", command: [sleep, "86400"]}
"""

KEEPER = """
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: keeper
spec:
  serviceName: keeper
  selector: {matchLabels: {app: keeper}}
  template:
    metadata: {labels: {app: keeper}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: keeper
          image: busybox:1.36
          command: [sleep, "86400"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
"""
IMAGE = "{{.Repository}}:{{.Tag}}"


@pytest.fixture(scope="module")
def web(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab with examples/lab.yaml and a client on every node."""
    manifest = tmp_path_factory.mktemp("client") / "client.yaml"
    manifest.write_text(CLIENT)
    lab.knarr("apply", "-f", str(ROOT / "examples/lab.yaml"), "-f", str(manifest))
    lab.knarr("rollout", "status", "deployment/web", "--timeout=80s")
    lab.knarr("rollout", "status", "daemonset/client", "--timeout=80s")
    yield lab
    lab.knarr("delete", "-f", str(ROOT / "examples/lab.yaml"), "-f", str(manifest))


def pods(lab: Lab, app: str) -> dict[str, str]:
    """The ready pods of an app by their nodes."""
    return {
        one["spec"]["nodeName"]: one["metadata"]["name"]
        for one in lab.objects("pods", "-l", f"app={app}")
        if "deletionTimestamp" not in one["metadata"]
        and any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in one["status"].get("conditions", ())
        )
    }


def test_three_nodes_are_ready_with_ranges_of_their_own(lab: Lab) -> None:
    nodes = lab.objects("nodes")
    assert sorted(one["metadata"]["name"] for one in nodes) == list(NODES)
    assert len({one["spec"]["podCIDR"] for one in nodes}) == len(NODES)
    assert all("docker://" in one["status"]["nodeInfo"]["containerRuntimeVersion"] for one in nodes)


def test_pods_are_on_all_nodes_and_every_node_leads_to_all_of_them(web: Lab) -> None:
    names = set(pods(web, "web").values())
    assert pods(web, "web").keys() == set(NODES)
    address = json.loads(web.knarr("get", "service", "web", "-o", "json"))["spec"]["clusterIP"]
    for node in NODES:
        for url in (f"http://{address}/", f"http://{web.addresses[node]}:30080/"):
            assert until(partial(_all_answer, web, node, url, names))


def _all_answer(lab: Lab, node: str, url: str, names: set[str]) -> bool:
    seen = lab.fetch_on(node, url, times=40)
    assert seen <= names
    return seen == names


def test_the_host_reaches_services(web: Lab) -> None:
    names = set(pods(web, "web").values())
    for server in ("http://127.0.0.1:30080", *(f"http://{ip}:30080" for ip in _ips(web))):
        assert until(partial(_plain, server)) in names


def _ips(lab: Lab) -> list[str]:
    return list(lab.addresses.values())


def _plain(server: str) -> str:
    with urllib.request.urlopen(server, timeout=5) as answer:
        text: str = answer.read().decode().strip()
        return text


def test_pods_find_services_by_name_from_every_node(web: Lab) -> None:
    for client in pods(web, "client").values():
        for name in ("web", "web.default.svc.cluster.local"):
            assert until(partial(_fetched_in, web, client, f"http://{name}/"))


def _fetched_in(lab: Lab, pod: str, url: str) -> str:
    return lab.knarr("exec", pod, "--", "wget", "-qO-", url, check=False)


def test_logs_come_through_both_servers(web: Lab) -> None:
    name = pods(web, "web")["node2"]
    path = f"/api/v1/namespaces/default/pods/{name}/log?tailLines=5"
    for server in SERVERS:
        assert "response:200" in web.rest(path, server=server)


def test_exec_comes_through_both_servers(web: Lab) -> None:
    name = pods(web, "web")["node3"]
    for server in SERVERS:
        assert asyncio.run(_exec(web, server, name, "hostname")) == name


async def _exec(lab: Lab, server: str, pod: str, command: str) -> str:
    _, token, trust = lab.context()
    url = f"{server}/api/v1/namespaces/default/pods/{pod}/exec?command={command}&stdout=true"
    out = b""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            url,
            ssl=trust,
            protocols=("v5.channel.k8s.io",),
            headers={"Authorization": f"Bearer {token}"},
        ) as channel,
    ):
        async for message in channel:
            if message.type is aiohttp.WSMsgType.BINARY and message.data[:1] == b"\x01":
                out += message.data[1:]
    # A closed session says its farewells of TLS later, and has no other way to wait for them.
    await asyncio.sleep(0.25)
    return out.decode().strip()


def test_the_api_leads_to_both_servers(lab: Lab) -> None:
    def led_to() -> list[str]:
        found = json.loads(lab.knarr("get", "endpoints", "kubernetes", "-o", "json"))
        return [one["ip"] for subset in found["subsets"] for one in subset["addresses"]]

    wanted = [f"{lab.network}.21", f"{lab.network}.22"]
    until(lambda: led_to() == wanted)


def test_another_schedules_when_the_leader_is_killed(web: Lab) -> None:
    _leader_changes(web, "kube-scheduler")


@whole
def test_another_controls_when_the_leader_is_killed(web: Lab) -> None:
    _leader_changes(web, "kube-controller-manager")


def _leader_changes(web: Lab, lease: str) -> None:
    """The other one works as soon as the lease of the dead one is over."""
    before = web.leader(lease)
    web.kill(before)
    try:
        web.knarr("scale", "deployment/web", "--replicas=6")
        web.knarr("rollout", "status", "deployment/web", "--timeout=80s")
        assert web.leader(lease) != before
    finally:
        web.start(before)
        web.knarr("scale", "deployment/web", "--replicas=3")
        web.knarr("rollout", "status", "deployment/web", "--timeout=80s")


@pytest.mark.parametrize("service", ["etcd1", "apiserver1"])
def test_one_of_several_is_killed_and_all_goes_on(web: Lab, service: str) -> None:
    _goes_on_without(web, service)


@whole
@pytest.mark.parametrize("service", ["etcd2", "etcd3", "apiserver2"])
def test_any_of_several_is_killed_and_all_goes_on(web: Lab, service: str) -> None:
    _goes_on_without(web, service)


def _goes_on_without(lab: Lab, service: str) -> None:
    """Pods are made, carried and known by name while a part is dead, and after it is back."""
    with lab.lines("get", "deployment", "web", "--watch") as seen:
        until(partial(_shows, seen, "3/3"))
        lab.kill(service)
        try:
            until(lambda: lab.knarr("scale", "deployment/web", "--replicas=4") or True)
            lab.knarr("rollout", "status", "deployment/web", "--timeout=80s")
            until(partial(_shows, seen, "4/4"))
            path = "/apis/apps/v1/namespaces/default/deployments/web"
            assert json.loads(until(partial(lab.rest, path)))["spec"]["replicas"] == 4
            assert until(lambda: lab.fetch_on("node1", f"http://{lab.addresses['node2']}:30080/"))
        finally:
            lab.start(service)
        until(lambda: lab.knarr("scale", "deployment/web", "--replicas=3") or True)
        lab.knarr("rollout", "status", "deployment/web", "--timeout=80s")
        until(partial(_shows, seen, "3/3"))


def _shows(lines: list[str], ready: str) -> bool:
    """Whether the last that a watch of a Deployment printed says so many are ready."""
    return lines[-1:] != [] and ready in lines[-1].split()


@whole
def test_names_are_known_while_one_name_server_is_dead(web: Lab) -> None:
    client = pods(web, "client")["node1"]
    for service in ("dns1", "dns2"):
        web.kill(service)
        try:
            assert until(partial(_fetched_in, web, client, "http://web/"))
        finally:
            web.start(service)


@whole
def test_pods_of_a_dead_node_move(web: Lab) -> None:
    web.kill("node3")
    try:
        until(lambda: len(_running_elsewhere(web, "node3")) == 3)
        names = set(_running_elsewhere(web, "node3"))
        assert until(
            partial(_all_answer, web, "node1", f"http://{web.addresses['node1']}:30080/", names)
        )
    finally:
        web.start("node3")
    until(lambda: _is_ready(web, "node3"))


@whole
def test_a_copy_of_etcd_is_put_back(web: Lab, tmp_path: Path) -> None:
    """Objects are as they were; containers of pods that were there before go on."""
    copy = tmp_path / "copy"
    web.knarr("create", "configmap", "kept", "--from-literal=n=1")
    web.script("backup", str(copy))
    assert copy.stat().st_mode & 0o077 == 0, "it holds secrets"
    before = _containers(web)
    web.knarr("delete", "configmap", "kept")
    web.knarr("create", "configmap", "later")
    web.script("restore", str(copy))
    found = [one["metadata"]["name"] for one in web.objects("configmaps")]
    assert "kept" in found
    assert "later" not in found
    web.knarr("scale", "deployment/web", "--replicas=4")
    web.knarr("rollout", "status", "deployment/web", "--timeout=80s")
    assert before <= _containers(web)
    web.knarr("scale", "deployment/web", "--replicas=3")
    web.knarr("delete", "configmap", "kept")


@whole
def test_an_etcd_whose_disks_are_lost_is_made_anew_of_a_copy(web: Lab, tmp_path: Path) -> None:
    """Its revisions are lower than those that everybody knows; pods go on all the same."""
    copy = tmp_path / "copy"
    web.script("backup", str(copy))
    before = _containers(web)
    members = ("etcd1", "etcd2", "etcd3")
    web.compose("rm", "-sf", *members)
    name = web.settings.get("LAB_NAME", "knarr-lab")
    web.docker("volume", "rm", *(f"{name}_{member}" for member in members))
    web.compose("up", "-d", "--no-recreate")
    web.script("restore", str(copy))
    web.knarr("scale", "deployment/web", "--replicas=4")
    web.knarr("rollout", "status", "deployment/web", "--timeout=80s")
    assert before <= _containers(web)
    web.knarr("scale", "deployment/web", "--replicas=3")
    web.knarr("rollout", "status", "deployment/web", "--timeout=80s")


def _containers(lab: Lab) -> set[str]:
    return {
        one["containerID"]
        for pod in lab.objects("pods", "-l", "app=web")
        for one in pod["status"].get("containerStatuses", ())
    }


@whole
def test_a_node_that_starts_again_has_its_pods_again(web: Lab) -> None:
    name = pods(web, "client")["node2"]
    web.docker("restart", "-t", "10", web.container("node2"))
    until(lambda: _restarts(web, name) > 0 and name in pods(web, "client").values())
    assert until(partial(_fetched_in, web, name, "http://web/"))


def _restarts(lab: Lab, pod: str) -> int:
    found = json.loads(lab.knarr("get", "pod", pod, "-o", "json"))
    return sum(one["restartCount"] for one in found["status"]["containerStatuses"])


@whole
def test_claims_get_folders_of_the_nodes_where_their_pods_run(web: Lab, tmp_path: Path) -> None:
    manifest = tmp_path / "keeper.yaml"
    manifest.write_text(KEEPER)
    web.knarr("apply", "-f", str(manifest))
    web.knarr("rollout", "status", "statefulset/keeper", "--timeout=80s")
    web.knarr("exec", "keeper-0", "--", "sh", "-c", "echo kept >/data/file")
    web.knarr("delete", "pod", "keeper-0")
    assert until(lambda: web.knarr("exec", "keeper-0", "--", "cat", "/data/file", check=False))
    web.knarr("delete", "-f", str(manifest))
    web.knarr("delete", "pvc", "--all")


@whole
def test_images_are_given_to_all_nodes(web: Lab) -> None:
    web.script("load", "busybox:1.28")
    for node in NODES:
        assert "busybox:1.28" in web.on(node, "docker", "image", "ls", "--format", IMAGE)


def test_writers_and_watchers_of_one_address_outlive_a_server(web: Lab) -> None:
    """What kubectl knows is one address; each server behind it is killed in its turn."""
    web.knarr("delete", "configmap", "counted", "--ignore-not-found")
    web.knarr("create", "configmap", "counted", "--from-literal=n=0")
    jsonpath = "jsonpath={.data.n}{'\\n'}"
    written = 0
    with web.lines("get", "configmap", "counted", "--watch", "-o", jsonpath) as seen:
        until(lambda: seen == ["0\n"])
        for service in ("apiserver1", "apiserver2"):
            web.kill(service)
            try:
                for _ in range(5):
                    written += 1
                    until(partial(_count, web, written))
            finally:
                web.start(service)
            server = SERVERS[int(service[-1]) - 1]
            until(partial(web.rest, "/readyz", server=server))
            # It knows what was from its start on: let the watch come as far.
            written += 1
            until(partial(_count, web, written))
            until(partial(_has, seen, written + 1))
        assert seen == [f"{number}\n" for number in range(written + 1)], "all, in order, once"
    web.knarr("delete", "configmap", "counted")


def _has(lines: list[str], count: int) -> bool:
    return len(lines) >= count


def _count(lab: Lab, number: int) -> str:
    change = json.dumps({"data": {"n": str(number)}})
    return lab.rest(
        "/api/v1/namespaces/default/configmaps/counted",
        change=change.encode(),
    )


def _running_elsewhere(lab: Lab, node: str) -> list[str]:
    return [
        one["metadata"]["name"]
        for one in lab.objects("pods", "-l", "app=web")
        if one["spec"].get("nodeName") != node and one["status"].get("phase") == "Running"
    ]


def _is_ready(lab: Lab, node: str) -> bool:
    found = json.loads(lab.knarr("get", "node", node, "-o", "json"))
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in found["status"]["conditions"]
    )
