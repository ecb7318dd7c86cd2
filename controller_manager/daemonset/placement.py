"""On which nodes a DaemonSet's pods are to run, and the pod made for one node."""

from collections.abc import Iterable

from msgspec.structs import replace

from controller_manager.pod_of import pod_of
from controller_manager.revisions import REVISION_LABEL
from knarr.api.apps.daemon_set import DaemonSet
from knarr.api.core.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
)
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.scheduling import Toleration
from knarr.api.node_choice import meets_placement
from knarr.api.tolerations import untolerated

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation that counts the changes of the template."""

GENERATION_LABEL = "pod-template-generation"
"""On pods: that count when they were made."""

_STAYS_DESPITE = (
    ("node.kubernetes.io/not-ready", "NoExecute"),
    ("node.kubernetes.io/unreachable", "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    ("node.kubernetes.io/unschedulable", "NoSchedule"),
)
"""Taints that every daemon puts up with."""

_HOST_NETWORK_TOO = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def tolerations_of(spec: PodSpec) -> tuple[Toleration, ...]:
    """The tolerations of a daemon: those of the template and the automatic ones."""
    wanted = (*_STAYS_DESPITE, _HOST_NETWORK_TOO) if spec.host_network else _STAYS_DESPITE
    automatic = tuple(
        Toleration(key=key, operator="Exists", effect=effect) for key, effect in wanted
    )
    places = {(each.key, each.effect) for each in automatic if each not in spec.tolerations}
    kept = (each for each in spec.tolerations if not _is_replaced(each, places))
    added = (each for each in automatic if each not in spec.tolerations)
    return (*kept, *added)


def _is_replaced(toleration: Toleration, places: Iterable[tuple[str, str]]) -> bool:
    is_plain = toleration.operator == "Exists" and toleration.value == ""
    return is_plain and (toleration.key, toleration.effect) in places


def may_run(daemon_set: DaemonSet, node: Node) -> tuple[bool, bool]:
    """Whether a pod is to be put on the node, and whether one that is there may stay."""
    spec = daemon_set.spec.template.spec
    if spec.node_name not in ("", node.metadata.name) or not meets_placement(node, spec):
        return False, False
    taints = node.spec.taints
    if not taints:
        return True, True
    tolerations = tolerations_of(spec)
    if untolerated(taints, tolerations, ("NoSchedule", "NoExecute")) is None:
        return True, True
    return False, untolerated(taints, tolerations, ("NoExecute",)) is None


def make_pod(daemon_set: DaemonSet, node_name: str, revision_hash: str) -> Pod:
    """Make the pod of one node: only the scheduler puts it there, and nowhere else."""
    template = daemon_set.spec.template
    labels = {REVISION_LABEL: revision_hash}
    generation = daemon_set.metadata.annotations.get(TEMPLATE_GENERATION)
    if generation is not None:
        labels[GENERATION_LABEL] = generation
    pod = pod_of(daemon_set, template, labels=labels)
    spec = replace(
        pod.spec,
        affinity=_only(pod.spec.affinity, node_name),
        tolerations=tolerations_of(pod.spec),
    )
    return replace(pod, spec=spec)


def _only(affinity: Affinity | None, node_name: str) -> Affinity:
    """The affinity with nothing required but this one node."""
    this = NodeSelectorRequirement(key="metadata.name", operator="In", values=(node_name,))
    required = NodeSelector(node_selector_terms=(NodeSelectorTerm(match_fields=(this,)),))
    affinity = affinity or Affinity()
    nodes = affinity.node_affinity or NodeAffinity()
    nodes = replace(nodes, required_during_scheduling_ignored_during_execution=required)
    return replace(affinity, node_affinity=nodes)


def node_of(pod: Pod) -> str:
    """The node a pod is on, or is meant for; empty when it says neither."""
    if pod.spec.node_name:
        return pod.spec.node_name
    nodes = pod.spec.affinity.node_affinity if pod.spec.affinity is not None else None
    required = nodes.required_during_scheduling_ignored_during_execution if nodes else None
    for term in required.node_selector_terms if required is not None else ():
        for field in term.match_fields:
            if (field.key, field.operator) == ("metadata.name", "In") and len(field.values) == 1:
                return field.values[0]
    return ""
