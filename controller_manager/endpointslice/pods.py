"""Which pods of a Service can be reached, and at which ports."""

from collections.abc import Iterable, Iterator

from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.pod import Pod
from knarr.api.core.references import ObjectReference
from knarr.api.core.service import Service, ServicePort
from knarr.api.pods import is_over

HEADLESS = "service.kubernetes.io/headless"
"""The label that tells consumers of endpoints: no cluster address stands for them."""


def has_endpoints(service: Service) -> bool:
    """Whether the control plane lists endpoints for this Service."""
    return bool(service.spec.selector) and service.spec.type != "ExternalName"


def is_headless(service: Service) -> bool:
    """Whether the Service has no address of its own."""
    return service.spec.cluster_ip == "None"


def reachable(pods: Iterable[Pod]) -> Iterator[Pod]:
    """The pods that have an address and are not over; those being deleted are among them."""
    for pod in pods:
        if pod.status.pod_ip and not is_over(pod):
            yield pod


def addresses_of(pod: Pod, family: str) -> tuple[str, ...]:
    """The pod's addresses of one family, `IPv4` or `IPv6`."""
    addresses = [each.ip for each in pod.status.pod_ips] or [pod.status.pod_ip]
    return tuple(address for address in addresses if family_of(address) == family)


def family_of(address: str) -> str:
    """The family that an address belongs to."""
    return "IPv6" if ":" in address else "IPv4"


def reference_to(pod: Pod) -> ObjectReference:
    """How an endpoint names its pod."""
    return ObjectReference(
        kind="Pod",
        namespace=pod.metadata.namespace,
        name=pod.metadata.name,
        uid=pod.metadata.uid,
    )


def hostname_in(service: Service, pod: Pod) -> str:
    """The name under which DNS knows the pod within the Service; empty when under none."""
    return pod.spec.hostname if pod.spec.subdomain == service.metadata.name else ""


def target_port(service_port: ServicePort, pod: Pod) -> int | None:
    """The port of the pod that a Service's port leads to; None when the pod has none so named."""
    target = service_port.target_port
    if target is None or target == 0:
        return service_port.port
    if isinstance(target, int):
        return target
    if target.isdecimal():
        return int(target)
    for port in _ports_of(pod):
        if port.name == target and (port.protocol or "TCP") == (service_port.protocol or "TCP"):
            return port.container_port
    return None


def _ports_of(pod: Pod) -> Iterator[ContainerPort]:
    containers: Iterable[Container] = (
        *pod.spec.containers,
        *(each for each in pod.spec.init_containers if each.restart_policy == "Always"),
    )
    for container in containers:
        yield from container.ports
