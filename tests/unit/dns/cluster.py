"""A cluster made of the objects it is given."""

from collections.abc import Mapping, Sequence

from knarr.api.core.references import ObjectReference
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.meta.object_meta import ObjectMeta


class TableCluster:
    """What names come from, without a server."""

    def __init__(
        self,
        services: Sequence[Service] = (),
        slices: Sequence[EndpointSlice] = (),
        namespaces: Sequence[str] = ("default",),
        pods: Mapping[str, str] | None = None,
    ) -> None:
        self._services = {(one.metadata.namespace, one.metadata.name): one for one in services}
        self._slices = slices
        self._namespaces = namespaces
        self._pods = pods or {}

    def service(self, namespace: str, name: str) -> Service | None:
        return self._services.get((namespace, name))

    def slices(self, namespace: str, name: str) -> Sequence[EndpointSlice]:
        return [
            one
            for one in self._slices
            if one.metadata.namespace == namespace
            and one.metadata.labels["kubernetes.io/service-name"] == name
        ]

    def has_namespace(self, namespace: str) -> bool:
        return namespace in self._namespaces

    def namespace_labels(self, namespace: str) -> Mapping[str, str] | None:
        return {"name": namespace} if namespace in self._namespaces else None

    def services_at(self, address: str) -> Sequence[Service]:
        return [one for one in self._services.values() if address in one.spec.cluster_ips]

    def slices_with(self, address: str) -> Sequence[EndpointSlice]:
        return [
            one
            for one in self._slices
            if any(address in endpoint.addresses for endpoint in one.endpoints)
        ]

    def has_pod(self, namespace: str, address: str) -> bool:
        return self._pods.get(address) == namespace


def service(
    name: str,
    *ips: str,
    ports: Sequence[tuple[str, int, str]] = (("http", 80, "TCP"),),
    external_name: str = "",
) -> Service:
    """A Service of the namespace `default`; the address None makes it headless."""
    return Service(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=ServiceSpec(
            type="ExternalName" if external_name else "ClusterIP",
            external_name=external_name,
            cluster_ip=ips[0] if ips else "",
            cluster_ips=ips,
            ports=tuple(
                ServicePort(name=port, port=number, protocol=protocol)
                for port, number, protocol in ports
            ),
        ),
    )


def endpoint(
    address: str, *, hostname: str | None = None, ready: bool | None = True, pod: str = ""
) -> Endpoint:
    """A pod behind a Service."""
    return Endpoint(
        addresses=(address,),
        hostname=hostname,
        conditions=EndpointConditions(ready=ready),
        target_ref=ObjectReference(kind="Pod", name=pod) if pod else None,
    )


def endpoint_slice(
    name: str,
    *endpoints: Endpoint,
    ports: Sequence[tuple[str, int, str]] = (("http", 8080, "TCP"),),
) -> EndpointSlice:
    """The endpoints of one Service."""
    is_v6 = any(":" in address for one in endpoints for address in one.addresses)
    return EndpointSlice(
        metadata=ObjectMeta(
            name=f"{name}-1",
            namespace="default",
            labels={"kubernetes.io/service-name": name},
        ),
        address_type="IPv6" if is_v6 else "IPv4",
        endpoints=endpoints,
        ports=tuple(
            EndpointPort(name=port, port=number, protocol=protocol)
            for port, number, protocol in ports
        ),
    )
