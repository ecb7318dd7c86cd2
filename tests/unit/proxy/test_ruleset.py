"""What the kernel is told of a Service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from proxy.content import Content, content
from proxy.model import Backend, ServicePort
from proxy.ruleset import RulesetOptions, base
from proxy.transaction import transaction

OPTIONS = RulesetOptions(cluster_cidr="10.244.0.0/16")
BACKENDS = tuple(Backend(f"10.244.1.{i}", 8080) for i in range(1, 5))
WEB = ServicePort(
    namespace="default",
    name="web",
    port_name="",
    protocol="TCP",
    cluster_ips=("10.96.0.7",),
    port=80,
    backends=BACKENDS[:2],
    local_backends=BACKENDS[:1],
)
KEY = "10.96.0.7 . tcp . 80"


def test_every_chain_that_is_led_to_is_there() -> None:
    made = content([replace(WEB, node_port=30080, affinity_s=60, external_policy="Local")], OPTIONS)
    texts = (*made.elements.values(), *(r for rules in made.chains.values() for r in rules))
    led_to = {
        word
        for text in texts
        for word in text.replace("jump", "goto").partition("goto ")[2].split()
    }
    assert led_to - {"mark-for-masquerade", "reject-chain"} <= made.chains.keys()
    assert any(one.startswith("ep-") for one in led_to)


@pytest.mark.parametrize(
    ("port", "where"),
    [
        pytest.param(WEB, "service-ips", id="led on"),
        pytest.param(replace(WEB, backends=()), "no-endpoint-services", id="refused"),
    ],
)
def test_a_cluster_address(port: ServicePort, where: str) -> None:
    assert (where, KEY) in content([port], OPTIONS).elements


def test_a_local_policy_without_local_endpoints_is_silent() -> None:
    port = replace(WEB, internal_policy="Local", local_backends=())
    assert content([port], OPTIONS).elements["no-endpoint-services", KEY] == "drop"
    nobody = replace(port, backends=())
    refused = content([nobody], OPTIONS).elements["no-endpoint-services", KEY]
    assert refused == "goto reject-chain"


def test_families_are_apart() -> None:
    both = replace(
        WEB, cluster_ips=("10.96.0.7", "fd00::7"), backends=(*BACKENDS[:1], Backend("fd01::1", 80))
    )
    v6 = content([both], RulesetOptions(family="ip6"))
    assert ("service-ips", "fd00::7 . tcp . 80") in v6.elements
    assert not any("10." in rule for rules in v6.chains.values() for rule in rules)
    assert v6.elements["endpoints-tcp", "fd00::7 . 80 . 0"] == "fd01::1 . 80"
    staying = content([replace(both, affinity_s=60)], RulesetOptions(family="ip6"))
    rules = [rule for rules in staying.chains.values() for rule in rules]
    assert any("dnat to [fd01::1]:80" in rule for rule in rules)


def test_a_change_of_one_endpoint_is_its_element() -> None:
    old = content([WEB], OPTIONS)
    new = content([replace(WEB, backends=(BACKENDS[0], BACKENDS[2]))], OPTIONS)
    assert transaction(old, new, OPTIONS) == [
        "delete element ip knarr-proxy endpoints-tcp { 10.96.0.7 . 80 . 1 }",
        "delete element ip knarr-proxy hairpins { 10.244.1.2 . 10.244.1.2 }",
        "add element ip knarr-proxy endpoints-tcp { 10.96.0.7 . 80 . 1 : 10.244.1.3 . 8080 }",
        "add element ip knarr-proxy hairpins { 10.244.1.3 . 10.244.1.3 }",
    ]


def test_services_of_as_many_endpoints_share_their_chains() -> None:
    other = replace(WEB, name="other", cluster_ips=("10.96.0.8",), backends=BACKENDS[2:])
    assert content([WEB], OPTIONS).chains == content([other], OPTIONS).chains


def test_no_change_says_nothing() -> None:
    assert transaction(content([WEB], OPTIONS), content([WEB], OPTIONS), OPTIONS) == []


ports = st.builds(
    lambda count, local, node_port, affinity_s, internal, external, ranges: replace(
        WEB,
        backends=BACKENDS[:count],
        local_backends=BACKENDS[: min(count, local)],
        node_port=node_port,
        affinity_s=affinity_s,
        internal_policy=internal,
        external_policy=external,
        load_balancer_ips=("192.0.2.1",),
        source_ranges=ranges,
    ),
    st.integers(0, 4),
    st.integers(0, 4),
    st.sampled_from([0, 30080]),
    st.sampled_from([0, 10, 20]),
    st.sampled_from(["Cluster", "Local"]),
    st.sampled_from(["Cluster", "Local"]),
    st.sampled_from([(), ("10.0.0.0/8",)]),
)


@given(ports, ports)
def test_any_change_adds_up(before: ServicePort, after: ServicePort) -> None:
    old, new = content([before], OPTIONS), content([after], OPTIONS)
    lines = transaction(old, new, OPTIONS)
    there = set(old.chains)
    for line in lines:
        words = line.split()
        if words[:2] == ["delete", "chain"]:
            there.remove(words[-1])
        elif words[0] == "table":
            there |= {row.split()[1] for row in line.splitlines() if row.startswith("chain ")}
    assert there == set(new.chains)
    assert transaction(new, Content(), OPTIONS), "what is there can be taken away"


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        pytest.param(OPTIONS, "ip saddr != 10.244.0.0/16 ip daddr @cluster-ips jump", id="range"),
        pytest.param(
            RulesetOptions(masquerade_all=True), "\n    ip daddr @cluster-ips jump", id="all"
        ),
    ],
)
def test_whose_source_is_replaced(options: RulesetOptions, rule: str) -> None:
    assert f"{rule} mark-for-masquerade" in base(options)


def test_only_some_addresses_have_node_ports() -> None:
    text = base(RulesetOptions(nodeport_addresses=("10.0.0.0/8", "fd00::/8")))
    assert "ip daddr { 10.0.0.0/8 } meta l4proto . th dport vmap @service-nodeports" in text
