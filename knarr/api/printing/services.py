"""The table line of a service: its addresses inside and outside, and its ports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.core.service import Service, ServicePort
from knarr.api.printing.cells import NONE, UNKNOWN, age, labels

PENDING = "<pending>"


def service_row(service: Service, now: datetime) -> Sequence[Any]:
    """Name, type, cluster address, external address, ports, age, selector."""
    spec = service.spec
    cluster_ip = spec.cluster_ips[0] if spec.cluster_ips else spec.cluster_ip
    return [
        service.metadata.name,
        spec.type,
        cluster_ip or NONE,
        external_ip(service),
        ",".join(map(_port, spec.ports)) or NONE,
        age(service.metadata, now),
        labels(spec.selector),
    ]


def external_ip(service: Service) -> str:
    """Where the service is reached from outside; `<none>`, or `<pending>` while one is awaited."""
    external = ",".join(service.spec.external_ips)
    match service.spec.type:
        case "ClusterIP" | "NodePort":
            return external or NONE
        case "ExternalName":
            return service.spec.external_name
        case "LoadBalancer":
            given = sorted(
                {one.ip or one.hostname for one in service.status.load_balancer.ingress} - {""}
            )
            return ",".join(filter(None, [*given, external])) or PENDING
        case _:
            return UNKNOWN


def _port(port: ServicePort) -> str:
    node_port = f":{port.node_port}" if port.node_port else ""
    return f"{port.port}{node_port}/{port.protocol}"
