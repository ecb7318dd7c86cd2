"""Finds the pods of a Service and the Services of a pod without looking through all of either."""

from collections.abc import Iterable, Iterator

from controller_manager.labelled import index_labels, labelled, pairs_of
from knarr.api.core.pod import Pod
from knarr.api.core.service import Service
from knarr.api.keys import Key
from knarr.api.selectors import matching
from knarr.client.informer import Informer
from knarr.client.objects import key_of

_BY_SELECTOR = "selector"


class ServicePods:
    """The relation between Services and the pods they select."""

    def __init__(self, services: Informer[Service], pods: Informer[Pod]) -> None:
        self._services = services
        self._pods = pods
        services.index(_BY_SELECTOR, _first_pair)
        index_labels(pods)

    def pods_of(self, service: Service) -> list[Pod]:
        """The pods that the Service selects."""
        if not service.spec.selector:
            return []
        return labelled(self._pods, service.metadata.namespace, matching(service.spec.selector))

    def services_of(self, pod: Pod) -> Iterable[Key]:
        """The Services that select the pod."""
        if not self._services.is_listed:
            return ()
        return [
            key_of(service)
            for pair in pairs_of(pod)
            for service in self._services.by(_BY_SELECTOR, pair)
            if matching(service.spec.selector).matches(pod.metadata.labels)
        ]


def _first_pair(service: Service) -> Iterator[str]:
    """One label is enough to find a Service by: a pod it selects must have that one too."""
    if service.spec.selector:
        label, value = min(service.spec.selector.items())
        yield f"{service.metadata.namespace}/{label}={value}"
