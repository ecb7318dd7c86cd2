"""The rules carry real connections, in network namespaces of the test's own."""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from knarr.api.keys import Key
from proxy.model import Backend, ServicePort
from proxy.nftables.mode import NftablesMode
from proxy.nftables.nft import Kernel
from proxy.ruleset import RulesetOptions
from tests.component.proxy.net_lab import (
    CLIENT_IP,
    CLUSTER_CIDR,
    HOST_IP,
    HOST_V6,
    NetLab,
    in_namespace,
    net_lab,
)

WEB = Key("default", "web")
VIP = "10.96.0.10"
A, B = Backend("10.88.0.5", 8080, "here"), Backend("10.88.0.6", 8080, "here")


def web(*backends: Backend, **more: object) -> ServicePort:
    made = ServicePort(
        namespace="default",
        name="web",
        port_name="",
        protocol="TCP",
        cluster_ips=(VIP,),
        port=80,
        backends=tuple(sorted(backends)),
        local_backends=tuple(sorted(backends)),
    )
    return replace(made, **more)


@asynccontextmanager
async def carried(*ports: ServicePort, pods: int = 2) -> AsyncIterator[tuple[NetLab, NftablesMode]]:
    """A lab with pods a and b and these ports of one Service."""
    async with net_lab() as lab:
        kind = ports[0].protocol if ports else "TCP"
        for name, backend in list(zip("ab", (A, B), strict=True))[:pods]:
            await lab.pod(name, backend.ip, backend.port, kind)
        kernel = Kernel(("nsenter", f"--net=/run/netns/{lab.host}"))
        mode = NftablesMode([RulesetOptions(cluster_cidr=CLUSTER_CIDR)], kernel)
        await mode.replace({WEB: ports})
        try:
            yield lab, mode
        finally:
            await mode.close()


def names(answers: Sequence[str]) -> set[str]:
    return {one.split()[0] for one in answers}


async def test_a_cluster_address_leads_to_every_endpoint() -> None:
    async with carried(web(A, B)) as (lab, _):
        from_host = await lab.ask(lab.host, VIP, 80, times=40)
        from_pod = await lab.ask(A.ip, VIP, 80, times=20)
        from_outside = await lab.ask(lab.client, VIP, 80, times=20)
    assert names(from_host) == names(from_outside) == {"a", "b"}
    shares = Counter(one.split()[0] for one in from_host)
    assert min(shares.values()) > 5, "about half each"
    assert f"b {A.ip}" in from_pod, "a pod is seen under its own address"
    assert {one.split()[1] for one in from_outside} == {"10.88.0.1"}, "others under the node's"


async def test_a_pod_reaches_itself_by_its_service() -> None:
    async with carried(web(A)) as (lab, _):
        assert await lab.ask(A.ip, VIP, 80, times=3) == ["a 10.88.0.1"] * 3


async def test_changes_take_effect_and_others_are_left_alone() -> None:
    async with carried(web(A)) as (lab, mode):
        assert names(await lab.ask(lab.host, VIP, 80, times=5)) == {"a"}
        await mode.change(WEB, [web(B)])
        assert names(await lab.ask(lab.host, VIP, 80, times=5)) == {"b"}
        other = web(A, name="other", cluster_ips=("10.96.0.11",))
        await mode.change(Key("default", "other"), [other])
        await mode.change(WEB, [web()])
        assert await lab.ask(lab.host, VIP, 80) == ["refused"]
        assert await lab.ask(A.ip, VIP, 80) == ["refused"]
        assert names(await lab.ask(lab.host, "10.96.0.11", 80)) == {"a"}
        await mode.change(WEB, [])
        await mode.change(Key("default", "other"), [])
        chains = in_namespace(lab.host, ("nft", "list", "table", "ip", "knarr-proxy")).stdout
        assert "chain endpoints-" not in chains
        assert "elements = " not in chains


async def test_services_of_other_numbers_of_endpoints_come_and_go() -> None:
    other, address = Key("default", "other"), "10.96.0.11"
    async with carried(web(A)) as (lab, mode):
        await mode.change(other, [web(A, B, name="other", cluster_ips=(address,))])
        assert names(await lab.ask(lab.host, address, 80, times=20)) == {"a", "b"}
        await mode.change(WEB, [web(A, B)])
        await mode.change(other, [web(B, name="other", cluster_ips=(address,))])
        assert names(await lab.ask(lab.host, VIP, 80, times=20)) == {"a", "b"}
        assert names(await lab.ask(lab.host, address, 80, times=5)) == {"b"}
        await mode.change(other, [])
        assert names(await lab.ask(lab.host, VIP, 80, times=20)) == {"a", "b"}
        chains = in_namespace(lab.host, ("nft", "list", "chains", "ip")).stdout
    assert "chain endpoints-tcp-2" in chains
    assert "chain endpoints-tcp-1" not in chains, "nobody has one endpoint any more"


def drawn(rng: random.Random, number: int) -> list[ServicePort]:
    """A Service as it may be, of one of five that claim nothing of each other."""
    if rng.random() < 0.2:
        return []
    backends = [Backend(f"10.88.0.{i}", 8080, "here") for i in rng.sample(range(5, 9), 4)]
    count = rng.randint(0, 4)
    port = web(
        *backends[:count],
        name=f"s{number}",
        cluster_ips=(f"10.96.0.{number + 20}", f"fd00::{number}"),
        node_port=rng.choice([0, 30080 + number]),
        load_balancer_ips=rng.choice([(), (f"192.0.2.{number}",)]),
        source_ranges=rng.choice([(), ("203.0.113.0/24",)]),
        affinity_s=rng.choice([0, 0, 60]),
        internal_policy=rng.choice(["Cluster", "Local"]),
        external_policy=rng.choice(["Cluster", "Local"]),
        local_backends=tuple(sorted(backends[: rng.randint(0, count)])),
        protocol=rng.choice(["TCP", "UDP", "SCTP"]),
    )
    return [port, replace(port, port=81, node_port=0, port_name="more")]


def listed(namespace: str) -> list[str]:
    """All of the table, in an order of its own."""
    printed = in_namespace(namespace, ("nft", "-j", "list", "table", "ip", "knarr-proxy")).stdout
    found = []
    for one in json.loads(printed)["nftables"][1:]:
        ((kind, body),) = one.items()
        body.pop("handle", None)
        body["elem"] = sorted(body.get("elem", []), key=str)
        found.append(json.dumps([kind, body], sort_keys=True))
    return sorted(found)


@pytest.mark.parametrize("seed", range(3))
async def test_changes_lead_where_a_fresh_start_would(seed: int) -> None:
    rng = random.Random(seed)
    options = RulesetOptions(cluster_cidr=CLUSTER_CIDR)
    async with net_lab() as lab:
        kernel = Kernel(("nsenter", f"--net=/run/netns/{lab.host}"))
        changed, fresh = (NftablesMode([options], kernel, localhost=False) for _ in range(2))
        services = {Key("default", f"s{i}"): drawn(rng, i) for i in range(5)}
        await changed.replace(services)
        for _ in range(25):
            number = rng.randrange(5)
            key = Key("default", f"s{number}")
            services[key] = drawn(rng, number)
            await changed.change(key, services[key])
        after_changes = listed(lab.host)
        await fresh.replace(services)
        assert listed(lab.host) == after_changes


async def test_a_port_that_a_service_has_not_is_refused() -> None:
    async with carried(web(A)) as (lab, _):
        assert await lab.ask(lab.host, VIP, 81) == ["refused"]
        assert await lab.ask(lab.client, VIP, 81) == ["refused"]


async def test_node_ports_answer_at_every_address_of_the_host() -> None:
    async with carried(web(A, node_port=30080)) as (lab, mode):
        assert await lab.ask(lab.client, HOST_IP, 30080) == ["a 10.88.0.1"]
        assert names(await lab.ask(lab.host, HOST_IP, 30080)) == {"a"}
        assert names(await lab.ask(lab.host, "127.0.0.1", 30080)) == {"a"}
        assert names(await lab.ask(A.ip, HOST_IP, 30080)) == {"a"}
        await mode.change(WEB, [web(node_port=30080)])
        assert await lab.ask(lab.client, HOST_IP, 30080) == ["refused"]


async def test_outside_addresses_lead_in() -> None:
    port = web(A, external_ips=("192.0.2.10",), load_balancer_ips=("192.0.2.20",))
    async with carried(port) as (lab, _):
        for address in ("192.0.2.10", "192.0.2.20"):
            assert names(await lab.ask(lab.client, address, 80)) == {"a"}
            assert names(await lab.ask(lab.host, address, 80)) == {"a"}


async def test_a_service_may_lead_to_the_host_itself() -> None:
    here = Backend("127.0.0.1", 8080)
    async with carried(web(A)) as (lab, mode):
        await lab.serve(lab.host, "host", here.ip, here.port)
        await mode.change(WEB, [web(here)])
        assert names(await lab.ask(A.ip, VIP, 80)) == {"host"}
        assert names(await lab.ask(lab.host, VIP, 80)) == {"host"}


async def test_only_some_clients_are_let_in() -> None:
    port = web(A, load_balancer_ips=("192.0.2.20",), source_ranges=("203.0.113.0/24",))
    async with carried(port) as (lab, mode):
        assert await lab.ask(lab.client, "192.0.2.20", 80) == ["timeout"]
        await mode.change(WEB, [replace(port, source_ranges=(f"{CLIENT_IP}/32",))])
        assert names(await lab.ask(lab.client, "192.0.2.20", 80)) == {"a"}


async def test_a_local_policy_keeps_the_source_and_the_node() -> None:
    port = web(A, B, node_port=30080, external_policy="Local", local_backends=(A,))
    async with carried(port) as (lab, mode):
        assert set(await lab.ask(lab.client, HOST_IP, 30080, times=6)) == {f"a {CLIENT_IP}"}
        assert names(await lab.ask(B.ip, HOST_IP, 30080, times=20)) == {"a", "b"}
        await mode.change(WEB, [replace(port, local_backends=())])
        assert await lab.ask(lab.client, HOST_IP, 30080) == ["timeout"]
        inside = web(A, B, internal_policy="Local", local_backends=(B,))
        await mode.change(WEB, [inside])
        assert names(await lab.ask(A.ip, VIP, 80, times=6)) == {"b"}


async def test_affinity_has_an_end_that_may_change() -> None:
    port = web(A, B, node_port=30080, affinity_s=60, external_policy="Local")
    async with carried(port) as (lab, mode):
        first = names(await lab.ask(lab.client, HOST_IP, 30080, times=8))
        assert len(first) == 1
        assert names(await lab.ask(lab.client, VIP, 80, times=8)) == first
        await mode.change(WEB, [replace(port, affinity_s=1)])
        assert len(names(await lab.ask(lab.client, VIP, 80, times=8))) == 1
        found = in_namespace(lab.host, ("nft", "list", "sets", "ip")).stdout
        assert found.count("timeout 1s") == 2
        assert "timeout 1m" not in found
        await mode.change(WEB, [])
        left = in_namespace(lab.host, ("nft", "list", "table", "ip", "knarr-proxy")).stdout
    assert "aff-" not in left
    assert "ep-" not in left


async def test_affinity_keeps_a_client_where_it_is() -> None:
    async with carried(web(A, B, affinity_s=60)) as (lab, mode):
        first = names(await lab.ask(lab.client, VIP, 80, times=10))
        assert len(first) == 1
        await mode.change(Key("default", "x"), [web(A, name="x", cluster_ips=("10.96.0.12",))])
        assert names(await lab.ask(lab.client, VIP, 80, times=5)) == first
        await mode.change(WEB, [web(A, B)])
        assert names(await lab.ask(lab.client, VIP, 80, times=30)) == {"a", "b"}


async def test_datagrams_follow_their_endpoint_to_another() -> None:
    port = web(A, protocol="UDP")
    async with carried(port) as (lab, mode):
        script = (
            "import socket,sys\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
            f"s.settimeout(2);s.bind(('',4000));s.connect(('{VIP}',80))\n"
            "for line in sys.stdin:\n"
            " s.send(b'x')\n print(s.recv(99).decode(),flush=True)\n"
        )
        client = await asyncio.create_subprocess_exec(
            *("nsenter", f"--net=/run/netns/{lab.client}", "python3", "-c", script),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(b"\n")
        assert (await client.stdout.readline()).startswith(b"a ")
        await mode.change(WEB, [web(B, protocol="UDP")])
        client.stdin.write(b"\n")
        assert (await client.stdout.readline()).startswith(b"b ")
        client.stdin.close()
        await client.wait()


async def test_two_claims_of_a_node_port_take_turns() -> None:
    async with carried(web(A, node_port=30080)) as (lab, mode):
        other = Key("default", "other")
        claims = web(B, name="other", cluster_ips=("10.96.0.11",), node_port=30080)
        await mode.change(other, [claims])
        assert names(await lab.ask(lab.client, HOST_IP, 30080, times=3)) == {"a"}
        both = replace(claims, backends=(A, B))
        await mode.change(other, [both])
        await mode.change(WEB, [web(A, replace(A, port=8081), node_port=30080)])
        answers = names(await lab.ask(lab.client, HOST_IP, 30080, times=20))
        assert "b" not in answers, "the endpoints of one do not mix with those of the other"
        await mode.change(other, [claims])
        await mode.change(WEB, [])
        assert names(await lab.ask(lab.client, HOST_IP, 30080, times=3)) == {"b"}


IN_PROCESS = """
import asyncio
from proxy.nftables.library import library
from proxy.nftables.nft import Kernel, NftError
async def main():
    kernel = Kernel()
    await kernel.apply("add table ip ours")
    try:
        await kernel.apply("add table ip half\\nadd rule ip nowhere c accept")
    except NftError as error:
        print(library() is not None, error.strerror)
asyncio.run(main())
"""


async def test_small_changes_need_no_process() -> None:
    async with net_lab() as lab:
        told = await lab.within(lab.host, sys.executable, "-c", IN_PROCESS)
        tables = await lab.within(lab.host, "nft", "list", "tables")
    assert "No such file or directory" in told
    if not told.startswith("True"):
        pytest.skip("libnftables is not there")
    assert tables.split() == ["table", "ip", "ours"], "all of a transaction or nothing"


async def test_a_killed_proxy_leaves_nothing_for_its_next_life() -> None:
    async with net_lab() as lab:
        kernel = Kernel(("nsenter", f"--net=/run/netns/{lab.host}"))
        await kernel.route_localnet("0")
        for _ in range(2):  # Nobody closes these.
            await NftablesMode([RulesetOptions()], kernel).replace({WEB: [web(A)]})
        assert await kernel.route_localnet("1") is None, "it is on"
        await NftablesMode([RulesetOptions()], kernel).close()
        assert await kernel.route_localnet("0") is None, "it is off"


async def test_nothing_is_left_and_others_keep_theirs() -> None:
    async with net_lab() as lab:
        mine = "table ip theirs {\n chain c {\n type filter hook input priority 0; accept\n}\n}"
        in_namespace(lab.host, ("nft", mine))
        kernel = Kernel(("nsenter", f"--net=/run/netns/{lab.host}"))
        mode = NftablesMode([RulesetOptions(), RulesetOptions(family="ip6")], kernel)
        await kernel.route_localnet("0")  # A namespace has what the machine has, 1 perhaps.
        before = in_namespace(lab.host, ("nft", "list", "ruleset")).stdout
        # A namespace begins with what the machine has, where a cluster may have set it.
        in_namespace(lab.host, ("sysctl", "-w", "net.ipv4.conf.all.route_localnet=0"))
        await mode.replace({WEB: [web(A, node_port=30080, affinity_s=5)]})
        await mode.replace({WEB: [web(A)]})
        assert "knarr-proxy" in in_namespace(lab.host, ("nft", "list", "ruleset")).stdout
        await mode.close()
        after = in_namespace(lab.host, ("nft", "list", "ruleset")).stdout
        localnet = in_namespace(lab.host, ("sysctl", "-n", "net.ipv4.conf.all.route_localnet"))
    assert after == before
    assert "theirs" in before
    assert localnet.stdout.strip() == "0"


async def test_both_families_are_carried() -> None:
    six, port = Backend("fd88::5", 8080, "here"), 30080
    async with net_lab() as lab:
        try:
            await lab.up_v6()
        except AssertionError as error:
            pytest.skip(f"no IPv6 here: {error}")
        await lab.pod("four", A.ip, A.port)
        await lab.pod("six", six.ip, six.port)
        kernel = Kernel(("nsenter", f"--net=/run/netns/{lab.host}"))
        ranges = (
            RulesetOptions(cluster_cidr=CLUSTER_CIDR),
            RulesetOptions(family="ip6", cluster_cidr="fd88::/64"),
        )
        mode = NftablesMode(ranges, kernel)
        both = web(A, six, cluster_ips=(VIP, "fd96::10"), node_port=port)
        try:
            await mode.replace({WEB: [both]})
            for where in (lab.host, lab.client, six.ip):
                assert names(await lab.ask(where, "fd96::10", 80, times=5)) == {"six"}, where
            assert names(await lab.ask(lab.client, HOST_V6, port, times=5)) == {"six"}
            assert names(await lab.ask(lab.client, VIP, 80, times=5)) == {"four"}
            await mode.change(WEB, [replace(both, backends=(A,), local_backends=(A,))])
            assert await lab.ask(lab.client, "fd96::10", 80) == ["refused"]
            assert names(await lab.ask(lab.client, VIP, 80)) == {"four"}
        finally:
            await mode.close()


@pytest.mark.parametrize("protocol", ["UDP", "SCTP"])
async def test_other_protocols(protocol: str) -> None:
    async with net_lab() as lab:
        try:
            await lab.pod("a", A.ip, A.port, protocol)
        except AssertionError:
            pytest.skip(f"this kernel has no {protocol}")
        kernel = Kernel(("nsenter", f"--net=/run/netns/{lab.host}"))
        mode = NftablesMode([RulesetOptions(cluster_cidr=CLUSTER_CIDR)], kernel)
        await mode.replace({WEB: [web(A, protocol=protocol)]})
        answers = await lab.ask(lab.client, VIP, 80, kind=protocol, times=3)
        await mode.close()
    assert names(answers) == {"a"}
