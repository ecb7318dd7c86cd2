"""Finds the pods of a Service and the Services of a pod without looking through all of either."""

from collections.abc import Iterable, Iterator

from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.keys import Key
from knarr.api.selectors import matching
from knarr.client.informer import Informer
from knarr.client.objects import key_of

_BY_LABEL = "label"
_BY_SELECTOR = "selector"


class ServicePods:
    """The relation between Services and the pods they select."""

    def __init__(self, services: Informer[Service], pods: Informer[Pod]) -> None:
        self._services = services
        self._pods = pods
        services.index(_BY_SELECTOR, _first_pair)
        pods.index(_BY_LABEL, _pairs)

    def pods_of(self, service: Service) -> list[Pod]:
        """The pods that the Service selects."""
        places = tuple(_first_pair(service))
        if not places:
            return []
        selector = matching(service.spec.selector)
        found = self._pods.by(_BY_LABEL, places[0])
        return [pod for pod in found if selector.matches(pod.metadata.labels)]

    def services_of(self, pod: Pod) -> Iterable[Key]:
        """The Services that select the pod."""
        if not self._services.is_listed:
            return ()
        return [
            key_of(service)
            for pair in _pairs(pod)
            for service in self._services.by(_BY_SELECTOR, pair)
            if matching(service.spec.selector).matches(pod.metadata.labels)
        ]


def _pairs(pod: Pod) -> Iterator[str]:
    for label, value in pod.metadata.labels.items():
        yield f"{pod.metadata.namespace}/{label}={value}"


def _first_pair(service: Service) -> Iterator[str]:
    """One label is enough to find a Service by: a pod it selects must have that one too."""
    if service.spec.selector:
        label, value = min(service.spec.selector.items())
        yield f"{service.metadata.namespace}/{label}={value}"
