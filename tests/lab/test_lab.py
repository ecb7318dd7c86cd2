"""The compose lab is a whole cluster, and goes on when parts of it are killed."""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from functools import partial

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
    web.compose("kill", before)
    try:
        web.knarr("scale", "deployment/web", "--replicas=6")
        web.knarr("rollout", "status", "deployment/web", "--timeout=80s")
        assert web.leader(lease) != before
    finally:
        web.compose("start", before)
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
        lab.compose("kill", service)
        try:
            until(lambda: lab.knarr("scale", "deployment/web", "--replicas=4") or True)
            lab.knarr("rollout", "status", "deployment/web", "--timeout=80s")
            until(partial(_shows, seen, "4/4"))
            path = "/apis/apps/v1/namespaces/default/deployments/web"
            assert json.loads(until(partial(lab.rest, path)))["spec"]["replicas"] == 4
            assert until(lambda: lab.fetch_on("node1", f"http://{lab.addresses['node2']}:30080/"))
        finally:
            lab.compose("start", service)
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
        web.compose("kill", service)
        try:
            assert until(partial(_fetched_in, web, client, "http://web/"))
        finally:
            web.compose("start", service)


@whole
def test_pods_of_a_dead_node_move(web: Lab) -> None:
    web.compose("kill", "node3")
    try:
        until(lambda: len(_running_elsewhere(web, "node3")) == 3)
        names = set(_running_elsewhere(web, "node3"))
        assert until(
            partial(_all_answer, web, "node1", f"http://{web.addresses['node1']}:30080/", names)
        )
    finally:
        web.compose("start", "node3")
    until(lambda: _is_ready(web, "node3"))


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
