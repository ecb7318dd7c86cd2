"""What each Service leads to."""

import pytest
from msgspec.structs import replace

from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.meta.object_meta import ObjectMeta
from proxy.model import service_ports


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
    (port,) = service_ports(service(), [made], "node-1")
    assert [backend.ip for backend in port.backends] == used
    assert all(backend.port == 8080 for backend in port.backends)


def test_local_policy_keeps_to_the_node() -> None:
    made = a_slice(endpoint("10.0.0.1", **READY), endpoint("10.0.0.2", **READY))
    (port,) = service_ports(service(internal_traffic_policy="Local"), [made], "node-2")
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
    assert service_ports(service(**spec), [], "node-1") == ()


def test_affinity_has_a_default() -> None:
    (port,) = service_ports(service(session_affinity="ClientIP"), [], "node-1")
    assert port.affinity_s == 10800
    (port,) = service_ports(replace(service()), [], "node-1")
    assert port.affinity_s == 0
