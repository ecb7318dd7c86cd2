"""What the informers know of the cluster, as records.py asks for it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from knarr.api.core.namespace import Namespace
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.keys import Key
from knarr.client.informer import Informer
from knarr.client.informers import Informers

SERVICE_NAME = "kubernetes.io/service-name"
"""The label by which a slice names its Service."""

Forget = Callable[[str, str], None]
"""Told the namespace and name of a Service that changed; no name: of all in the namespace."""


class WatchedCluster:
    """The objects that names come from."""

    def __init__(self, informers: Informers, *, with_pods: bool = False) -> None:
        self._services: Informer[Service] = informers.of(Service)
        self._slices: Informer[EndpointSlice] = informers.of(EndpointSlice)
        self._namespaces: Informer[Namespace] = informers.of(Namespace)
        self._pods: Informer[Pod] | None = informers.of(Pod) if with_pods else None
        self._services.index("dns-address", _service_addresses)
        self._slices.index("dns-service", _service_of)
        self._slices.index("dns-address", _slice_addresses)
        if self._pods is not None:
            self._pods.index("dns-address", _pod_addresses)

    @property
    def is_known(self) -> bool:
        """Whether the first lists are answered."""
        known = (self._services, self._slices, self._namespaces, self._pods)
        return all(one is None or one.is_listed for one in known)

    async def listed(self) -> None:
        """Wait until the first lists are answered."""
        async with asyncio.TaskGroup() as group:
            for one in (self._services, self._slices, self._namespaces, self._pods):
                if one is not None:
                    group.create_task(one.listed())

    def tell(self, forget: Forget) -> None:
        """Say of every change from now on whose names it touches."""

        def service(old: Service | None, new: Service | None) -> None:
            one = new or old
            assert one is not None, "a change has an object before or after"
            forget(one.metadata.namespace, one.metadata.name)

        def endpoint_slice(old: EndpointSlice | None, new: EndpointSlice | None) -> None:
            for one in (old, new):
                if one is not None and (name := one.metadata.labels.get(SERVICE_NAME)):
                    forget(one.metadata.namespace, name)

        def namespace(old: Namespace | None, new: Namespace | None) -> None:
            one = new or old
            is_same = old is not None and new is not None and _labels(old) == _labels(new)
            if one is not None and not is_same:
                forget(one.metadata.name, "")

        self._services.handle(service)
        self._slices.handle(endpoint_slice)
        self._namespaces.handle(namespace)

    def service(self, namespace: str, name: str) -> Service | None:
        """The Service of that name."""
        return self._services.objects.get(Key(namespace, name))

    def slices(self, namespace: str, name: str) -> Sequence[EndpointSlice]:
        """The endpoint slices of a Service."""
        return self._slices.by("dns-service", f"{namespace}/{name}")

    def has_namespace(self, namespace: str) -> bool:
        """Whether there is such a namespace."""
        return Key("", namespace) in self._namespaces.objects

    def namespace_labels(self, namespace: str) -> Mapping[str, str] | None:
        """The labels of a namespace, None where there is none of that name."""
        found = self._namespaces.objects.get(Key("", namespace))
        return found.metadata.labels if found is not None else None

    def services_at(self, address: str) -> Sequence[Service]:
        """The Services with this ClusterIP."""
        return self._services.by("dns-address", address)

    def slices_with(self, address: str) -> Sequence[EndpointSlice]:
        """The slices that list this address."""
        return self._slices.by("dns-address", address)

    def has_pod(self, namespace: str, address: str) -> bool:
        """Whether a pod of the namespace has the address."""
        if self._pods is None:
            return False
        pods = self._pods.by("dns-address", address)
        return any(pod.metadata.namespace == namespace for pod in pods)


def _labels(namespace: Namespace) -> Mapping[str, str]:
    return namespace.metadata.labels


def _service_addresses(service: Service) -> Iterable[str]:
    spec = service.spec
    return [one for one in spec.cluster_ips or (spec.cluster_ip,) if one not in ("", "None")]


def _service_of(one: EndpointSlice) -> Iterable[str]:
    name = one.metadata.labels.get(SERVICE_NAME)
    return (f"{one.metadata.namespace}/{name}",) if name else ()


def _slice_addresses(one: EndpointSlice) -> Iterable[str]:
    return [endpoint.addresses[0] for endpoint in one.endpoints if endpoint.addresses]


def _pod_addresses(pod: Pod) -> Iterable[str]:
    return [one.ip for one in pod.status.pod_ips if one.ip]
