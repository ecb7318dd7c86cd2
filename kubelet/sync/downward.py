"""What a container may be told of its own pod: the downward API."""

import json
import re
from collections.abc import Mapping

from msgspec import Struct

from knarr.api import quantities
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.env import ResourceFieldSelector
from knarr.api.core.pod import Pod

_SUBSCRIPT = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")


class FieldError(Exception):
    """The field asked for is not one a container may be told."""


class PodFacts(Struct, frozen=True):
    """What the kubelet knows of a pod beyond the object itself."""

    pod: Pod
    pod_ips: tuple[str, ...]
    host_ips: tuple[str, ...]
    node_cpu: str
    """The node's allocatable cpu and memory: limits where a container has none."""
    node_memory: str


def field_value(facts: PodFacts, path: str) -> str:
    """The value of a `fieldRef`. Raise FieldError."""
    meta, spec = facts.pod.metadata, facts.pod.spec
    subscript = _SUBSCRIPT.match(path)
    if subscript is not None:
        values = meta.labels if subscript[1] == "labels" else meta.annotations
        return values.get(subscript[2], "")
    known = {
        "metadata.name": meta.name,
        "metadata.namespace": meta.namespace,
        "metadata.uid": meta.uid,
        "spec.nodeName": spec.node_name,
        "spec.serviceAccountName": spec.service_account_name,
        "status.podIP": facts.pod_ips[0] if facts.pod_ips else "",
        "status.podIPs": ",".join(facts.pod_ips),
        "status.hostIP": facts.host_ips[0] if facts.host_ips else "",
        "status.hostIPs": ",".join(facts.host_ips),
    }
    if path == "metadata.labels":
        return _lines(meta.labels)
    if path == "metadata.annotations":
        return _lines(meta.annotations)
    if path not in known:
        raise FieldError(f"unsupported fieldPath: {path}")
    return known[path]


def resource_value(
    facts: PodFacts, selector: ResourceFieldSelector, container: ContainerSpec | EphemeralContainer
) -> str:
    """The value of a `resourceFieldRef`, in units of its divisor, rounded up."""
    for other in (*facts.pod.spec.containers, *facts.pod.spec.init_containers):
        if selector.container_name == other.name:
            container = other
    kind, _, name = selector.resource.partition(".")
    amounts = container.resources.limits if kind == "limits" else container.resources.requests
    amount = amounts.get(name)
    if amount is None:
        node = {"cpu": facts.node_cpu, "memory": facts.node_memory}
        amount = quantities.canonical(node.get(name, "0") if kind == "limits" else "0")
    divisor = selector.divisor
    if divisor is None or quantities.is_zero(divisor):
        divisor = quantities.canonical("1")
    if name == "cpu":
        return str(-(-quantities.milli(amount) // quantities.milli(divisor)))
    return str(-(-quantities.value(amount) // max(quantities.value(divisor), 1)))


def _lines(values: Mapping[str, str]) -> str:
    pairs = sorted(values.items())
    return "\n".join(f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in pairs)
