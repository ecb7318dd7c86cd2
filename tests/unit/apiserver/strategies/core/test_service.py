"""Services: defaults by type, changes of type, addresses that stay."""

from typing import Any

import pytest

from apiserver.strategies.table import strategy_of
from tests.unit.apiserver.strategies.core.rules import (
    CONTEXT,
    KINDS,
    created,
    read,
    told,
    told_of_update,
)

RULES = strategy_of(KINDS["Service"])
PORTS = [{"port": 80}]


def service(**spec: Any) -> dict[str, Any]:
    return {"spec": {"ports": PORTS, **spec}}


@pytest.mark.parametrize(
    ("manifest", "messages"),
    [
        pytest.param(service(), [], id="takes a plain service"),
        pytest.param(service(ports=[]), ["spec.ports: Required value"], id="wants ports"),
        pytest.param(
            service(ports=[], clusterIP="None", selector={"a": "b"}),
            [],
            id="wants no ports where there is no address",
        ),
        pytest.param(
            service(ports=[{"port": 80}, {"port": 81}]),
            ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"],
            id="tells several ports apart by name",
        ),
        pytest.param(
            service(ports=[{"port": 80, "name": "a"}, {"port": 80, "name": "b"}]),
            [
                'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,'
                '"Port":80,"TargetPort":0,"NodePort":0}'
            ],
            id="has a port once",
        ),
        pytest.param(
            service(ports=[{"port": 80, "nodePort": 30080}]),
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
            id="has node ports only where nodes listen",
        ),
        pytest.param(
            service(type="ExternalName"),
            ["spec.externalName: Required value"],
            id="wants the name it stands for",
        ),
        pytest.param(
            service(clusterIPs=["10.0.0.1"]),
            [
                'spec.clusterIPs: Invalid value: ["10.0.0.1"]: '
                "must be empty when `clusterIP` is not specified"
            ],
            id="reads the first address from the older field",
        ),
        pytest.param(
            service(ipFamilyPolicy="RequireDualStack"),
            [
                'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": '
                "this cluster is not configured for dual-stack services"
            ],
            id="has one family of addresses",
        ),
        pytest.param(
            service(clusterIP="::1"),
            ['spec.clusterIPs[0]: Invalid value: ["::1"]: IPv6 is not configured on this cluster'],
            id="knows which family",
        ),
        pytest.param(
            service(clusterIP="010.0.0.1"),
            ['spec.clusterIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s'],
            id="reads no octal numbers",
        ),
        pytest.param(
            service(externalTrafficPolicy="Local"),
            [
                'spec.externalTrafficPolicy: Invalid value: "Local": '
                "may only be set for externally-accessible services"
            ],
            id="has no policy for traffic that cannot come",
        ),
    ],
)
def test_validate(manifest: dict[str, Any], messages: list[str]) -> None:
    assert told("Service", manifest) == messages


@pytest.mark.parametrize(
    ("spec", "filled"),
    [
        pytest.param(
            {}, {"type": "ClusterIP", "external_traffic_policy": ""}, id="inside by default"
        ),
        pytest.param(
            {"type": "NodePort"}, {"external_traffic_policy": "Cluster"}, id="nodes share"
        ),
        pytest.param(
            {"type": "LoadBalancer"},
            {"allocate_load_balancer_node_ports": True},
            id="a balancer gets node ports",
        ),
        pytest.param(
            {"type": "ExternalName"},
            {"internal_traffic_policy": None, "ip_families": ()},
            id="a mere name has no addresses",
        ),
        pytest.param(
            {"clusterIP": "None"},
            {"ip_families": ("IPv4", "IPv6"), "ip_family_policy": "RequireDualStack"},
            id="without address and selector any family will do",
        ),
    ],
)
def test_default(spec: dict[str, Any], filled: dict[str, Any]) -> None:
    found = created("Service", service(**spec))
    assert {name: getattr(found.spec, name) for name in filled} == filled
    assert RULES.default(found) == found


def test_a_change_of_type_cleans_up() -> None:
    old = read(
        "Service",
        service(type="NodePort", clusterIP="10.0.0.1", ports=[{"port": 80, "nodePort": 30000}]),
    )
    new = read(
        "Service",
        service(
            clusterIP="10.0.0.1",
            ports=[{"port": 80, "nodePort": 30000}],
            externalTrafficPolicy="Cluster",
        ),
    )
    merged = RULES.prepare_for_update(new, old, CONTEXT)
    assert merged.spec.ports[0].node_port == 0
    assert merged.spec.external_traffic_policy == ""
    assert list(RULES.validate(merged)) == []


def test_what_was_given_out_stays() -> None:
    old = read(
        "Service",
        service(
            type="NodePort",
            clusterIP="10.0.0.1",
            clusterIPs=["10.0.0.1"],
            ports=[{"port": 80, "nodePort": 30000}],
        ),
    )
    merged = RULES.prepare_for_update(read("Service", service(type="NodePort")), old, CONTEXT)
    assert merged.spec.cluster_ip == "10.0.0.1"
    assert merged.spec.cluster_ips == ("10.0.0.1",)
    assert merged.spec.ports[0].node_port == 30000


def test_an_address_may_not_change() -> None:
    messages = told_of_update(
        "Service", service(clusterIP="10.0.0.2"), service(clusterIP="10.0.0.1")
    )
    assert messages == ['spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set']


def test_a_name_that_does_nothing_warns() -> None:
    stored = created("Service", service(externalName="a.example.com"))
    assert list(RULES.warnings(stored, None)) == [
        'spec.externalName is ignored when spec.type is not "ExternalName"'
    ]
