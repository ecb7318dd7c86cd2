"""How sure a pod can be of what it asked for: its class of service."""

from collections.abc import Iterable
from typing import Literal

from knarr.api import quantities
from knarr.api.core.pod import Pod
from knarr.api.core.resources import ResourceRequirements

QosClass = Literal["Guaranteed", "Burstable", "BestEffort"]

_COUNTED = ("cpu", "memory")


def qos_class(pod: Pod) -> QosClass:
    """Guaranteed when limits and requests are one; BestEffort when neither is said."""
    asked: Iterable[ResourceRequirements] = (
        container.resources for container in (*pod.spec.containers, *pod.spec.init_containers)
    )
    if pod.spec.resources is not None and (
        pod.spec.resources.limits or pod.spec.resources.requests
    ):
        asked = (pod.spec.resources,)
    everything = list(asked)
    if not any(_says_something(one) for one in everything):
        return "BestEffort"
    return "Guaranteed" if all(map(_is_certain, everything)) else "Burstable"


def _says_something(resources: ResourceRequirements) -> bool:
    return any(
        name in _COUNTED and not quantities.is_zero(amount)
        for amounts in (resources.limits, resources.requests)
        for name, amount in amounts.items()
    )


def _is_certain(resources: ResourceRequirements) -> bool:
    for name in _COUNTED:
        limit = resources.limits.get(name)
        if limit is None or quantities.is_zero(limit):
            return False
        if quantities.compare(resources.requests.get(name, limit), limit):
            return False
    return True
