"""What each Service leads to."""

import pytest
from msgspec.structs import replace

from knarr.api.core.service import (
    LoadBalancerIngress,
    LoadBalancerStatus,
    Service,
    ServicePort,
    ServiceSpec,
    ServiceStatus,
)
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
    ForNode,
    ForZone,
)
from knarr.api.meta.object_meta import ObjectMeta
from proxy.model import Place, service_ports


def service(**spec: object) -> Service:
    wanted: dict[str, object] = {
        "cluster_ip": "10.96.0.20",
        "ports": (ServicePort(name="http", port=80, protocol="TCP"),),
        **spec,
    }
    return Service(
        metadata=ObjectMeta(name="web", namespace="default"),
        spec=ServiceSpec(**wanted),  # type: ignore[arg-type]
    )


def endpoint(ip: str, **conditions: bool) -> Endpoint:
    return Endpoint(
        addresses=(ip,),
        conditions=EndpointConditions(**conditions),
        node_name=f"node-{ip[-1]}",
    )


def a_slice(*endpoints: Endpoint) -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(
            name="web-1", namespace="default", labels={"kubernetes.io/service-name": "web"}
        ),
        address_type="IPv4",
        endpoints=endpoints,
        ports=(EndpointPort(name="http", port=8080, protocol="TCP"),),
    )


READY = {"ready": True, "serving": True, "terminating": False}
LEAVING = {"ready": False, "serving": True, "terminating": True}
BROKEN = {"ready": False, "serving": False, "terminating": False}


A, B = "10.0.0.1", "10.0.0.2"


@pytest.mark.parametrize(
    ("endpoints", "used"),
    [
        pytest.param([(A, READY), (B, READY)], [A, B], id="all that are ready"),
        pytest.param([(A, READY), (B, BROKEN)], [A], id="not those that are not"),
        pytest.param([(A, READY), (B, LEAVING)], [A], id="not those that leave"),
        pytest.param([(B, LEAVING)], [B], id="those that leave as a last resort"),
        pytest.param([(B, BROKEN)], [], id="none at all"),
    ],
)
def test_endpoints_used(endpoints: list[tuple[str, dict[str, bool]]], used: list[str]) -> None:
    made = a_slice(*(endpoint(ip, **conditions) for ip, conditions in endpoints))
    (port,) = service_ports(service(), [made], Place("node-1"))
    assert [backend.ip for backend in port.backends] == used
    assert all(backend.port == 8080 for backend in port.backends)


def test_local_policy_keeps_to_the_node() -> None:
    made = a_slice(endpoint("10.0.0.1", **READY), endpoint("10.0.0.2", **READY))
    (port,) = service_ports(service(internal_traffic_policy="Local"), [made], Place("node-2"))
    assert [backend.ip for backend in port.internal] == ["10.0.0.2"]
    assert [backend.ip for backend in port.external] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"cluster_ip": "None"}, id="a headless Service"),
        pytest.param({"cluster_ip": "", "type": "ExternalName"}, id="an external name"),
    ],
)
def test_nothing_to_carry(spec: dict[str, object]) -> None:
    assert service_ports(service(**spec), [], Place("node-1")) == ()


def test_affinity_has_a_default() -> None:
    (port,) = service_ports(service(session_affinity="ClientIP"), [], Place("node-1"))
    assert port.affinity_s == 10800
    (port,) = service_ports(replace(service()), [], Place("node-1"))
    assert port.affinity_s == 0


def hinted(
    ip: str, *, zones: str = "", nodes: str = "", conditions: dict[str, bool] = READY
) -> Endpoint:
    hints = EndpointHints(
        for_zones=tuple(ForZone(name=one) for one in zones.split()),
        for_nodes=tuple(ForNode(name=one) for one in nodes.split()),
    )
    return replace(endpoint(ip, **conditions), hints=hints)


@pytest.mark.parametrize(
    ("endpoints", "used"),
    [
        pytest.param([hinted(A, zones="a"), hinted(B, zones="b")], [A], id="those of our zone"),
        pytest.param(
            [hinted(A, zones="a", nodes="node-1"), hinted(B, zones="a", nodes="node-2")],
            [A],
            id="those of our node before those of our zone",
        ),
        pytest.param(
            [hinted(A, zones="a", nodes="node-8"), hinted(B, zones="b", nodes="node-9")],
            [A],
            id="those of our zone where none is for our node",
        ),
        pytest.param([hinted(A, zones="c"), hinted(B, zones="b")], [A, B], id="all if none is"),
        pytest.param([hinted(A, zones="a"), hinted(B)], [A, B], id="all if one has no hint"),
        pytest.param(
            [hinted(A, zones="a"), hinted(B, conditions=BROKEN)],
            [A],
            id="hints of the ready alone count",
        ),
        pytest.param(
            [hinted(A, zones="b", conditions=LEAVING), hinted(B, zones="a", conditions=BROKEN)],
            [A],
            id="the last resort is wherever it is",
        ),
    ],
)
def test_traffic_stays_close(endpoints: list[Endpoint], used: list[str]) -> None:
    (port,) = service_ports(service(), [a_slice(*endpoints)], Place("node-1", "a"))
    assert [backend.ip for backend in port.internal] == used


def test_a_local_policy_does_not_ask_for_hints() -> None:
    made = a_slice(hinted(A, zones="b"), hinted(B, zones="a"))
    (port,) = service_ports(service(external_traffic_policy="Local"), [made], Place("node-1", "a"))
    assert [backend.ip for backend in port.external] == [A]


def test_headless_by_label_leads_nowhere() -> None:
    made = a_slice(endpoint(A, **READY))
    labels = {**made.metadata.labels, "service.kubernetes.io/headless": ""}
    made = replace(made, metadata=replace(made.metadata, labels=labels))
    (port,) = service_ports(service(), [made], Place("node-1"))
    assert port.backends == ()


@pytest.mark.parametrize(("mode", "carried"), [("VIP", ("192.0.2.1",)), ("Proxy", ())])
def test_balancers_that_pass_on_themselves_are_left_alone(
    mode: str, carried: tuple[str, ...]
) -> None:
    ingress = LoadBalancerIngress(ip="192.0.2.1", ip_mode=mode)
    status = ServiceStatus(load_balancer=LoadBalancerStatus(ingress=(ingress,)))
    (port,) = service_ports(replace(service(), status=status), [], Place("node-1"))
    assert port.load_balancer_ips == carried
