"""Finds the pods that a selector means without looking through all of them."""

from knarr.api.core.pod import Pod
from knarr.api.selectors import Selector
from knarr.client.informer import Informer

_INDEX = "label"


def index_labels(pods: Informer[Pod]) -> None:
    """Make the pods known to `labelled` by their labels."""
    pods.index(_INDEX, pairs_of)


def pairs_of(pod: Pod) -> list[str]:
    """The pod's namespace with each of its labels."""
    namespace = pod.metadata.namespace
    return [f"{namespace}/{label}={value}" for label, value in pod.metadata.labels.items()]


def labelled(pods: Informer[Pod], namespace: str, selector: Selector) -> list[Pod]:
    """The pods of a namespace that the selector means."""
    if selector.is_nothing:
        return []
    if not selector.exact:
        candidates = pods.in_namespace(namespace)
    else:
        label, value = selector.exact[0]
        candidates = pods.by(_INDEX, f"{namespace}/{label}={value}")
    return [pod for pod in candidates if selector.matches(pod.metadata.labels)]
