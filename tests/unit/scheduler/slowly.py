"""The documented rules of the plugins, one node and one pod at a time, as plainly as can be.

Nothing of the scheduler is used here but how much a quantity is: what the
vectorised plugins answer is compared with this.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from knarr.api import quantities
from knarr.api.core.affinity import NodeSelectorRequirement, NodeSelectorTerm, PodAffinityTerm
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Taint, Toleration, TopologySpreadConstraint
from knarr.api.meta.selector import LabelSelector
from tests.unit.scheduler.clusters import HOST, NAMESPACES, Cluster

Reasons = list[str]


# ---- resources


def amount(resource: str, text: str) -> int:
    return quantities.milli(text) if resource == "cpu" else quantities.value(text)


def request(pod: Pod, resource: str, *, default: int = 0) -> int:
    def of(container: Any) -> int:
        if resource in container.resources.requests:
            return amount(resource, container.resources.requests[resource])
        return default

    running = sum(of(container) for container in pod.spec.containers)
    sidecars, peak = 0, 0
    for container in pod.spec.init_containers:
        if container.restart_policy == "Always":
            running += of(container)
            sidecars += of(container)
            peak = max(peak, sidecars)
        else:
            peak = max(peak, sidecars + of(container))
    overhead = pod.spec.overhead.get(resource)
    return max(running, peak) + (amount(resource, overhead) if overhead else 0)


def allocatable(node: Node, resource: str) -> int:
    text = node.status.allocatable.get(resource)
    return amount(resource, text) if text else 0


def fit(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    others = cluster.on(node.metadata.name)
    reasons = []
    if len(others) + 1 > allocatable(node, "pods"):
        reasons.append("Too many pods")
    for resource in ("cpu", "memory", "example.com/gpu"):
        wanted = request(pod, resource)
        used = sum(request(other, resource) for other in others)
        if wanted and wanted > allocatable(node, resource) - used:
            reasons.append(f"Insufficient {resource}")
    return reasons


SMALL = {"cpu": 100, "memory": 200 * 1024 * 1024}


def least_allocated(cluster: Cluster, pod: Pod, node: Node) -> int:
    total, weights = 0, 0
    for resource, small in SMALL.items():
        have = allocatable(node, resource)
        if not have:
            continue
        asked = sum(
            request(each, resource, default=small)
            for each in (*cluster.on(node.metadata.name), pod)
        )
        total += (have - asked) * 100 // have if asked <= have else 0
        weights += 1
    return total // weights if weights else 0


def balance(cluster: Cluster, pods: Iterable[Pod], node: Node) -> int:
    pods = list(pods)
    shares = [
        min(1.0, sum(request(each, resource) for each in pods) / allocatable(node, resource))
        for resource in SMALL
        if allocatable(node, resource)
    ]
    deviation = abs(shares[0] - shares[1]) / 2 if len(shares) == 2 else 0.0
    return int((1 - deviation) * 100)


def balanced(cluster: Cluster, pod: Pod, node: Node) -> int:
    others = cluster.on(node.metadata.name)
    return 50 + (50 + balance(cluster, [*others, pod], node) - balance(cluster, others, node)) // 2


# ---- nodes


def tolerates(toleration: Toleration, taint: Taint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value


def tolerated(pod: Pod, taint: Taint) -> bool:
    return any(tolerates(each, taint) for each in pod.spec.tolerations)


def untolerated(pod: Pod, node: Node) -> bool:
    return any(
        taint.effect in ("NoSchedule", "NoExecute") and not tolerated(pod, taint)
        for taint in node.spec.taints
    )


def taints(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    return ["node(s) had untolerated taint(s)"] if untolerated(pod, node) else []


def soft_taints(cluster: Cluster, pod: Pod, node: Node) -> int:
    soft = [each for each in pod.spec.tolerations if each.effect in ("", "PreferNoSchedule")]
    return sum(
        taint.effect == "PreferNoSchedule" and not any(tolerates(each, taint) for each in soft)
        for taint in node.spec.taints
    )


def unschedulable(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    taint = Taint(key="node.kubernetes.io/unschedulable", effect="NoSchedule")
    cordoned = node.spec.unschedulable and not tolerated(pod, taint)
    return ["node(s) were unschedulable"] if cordoned else []


def meets(requirement: NodeSelectorRequirement, values: Mapping[str, str]) -> bool:
    there = requirement.key in values
    value = values.get(requirement.key, "")
    if requirement.operator == "In":
        return there and value in requirement.values
    if requirement.operator == "NotIn":
        return not there or value not in requirement.values
    if requirement.operator == "Exists":
        return there
    if requirement.operator == "DoesNotExist":
        return not there
    try:
        number, bound = int(value), int(requirement.values[0])
    except ValueError:
        return False
    return number > bound if requirement.operator == "Gt" else number < bound


def term_holds(term: NodeSelectorTerm, node: Node) -> bool:
    if not term.match_expressions and not term.match_fields:
        return False
    names = {"metadata.name": node.metadata.name}
    return all(meets(each, node.metadata.labels) for each in term.match_expressions) and all(
        meets(each, names) for each in term.match_fields
    )


def chosen(pod: Pod, node: Node) -> bool:
    labels = node.metadata.labels
    if any(labels.get(key) != value for key, value in pod.spec.node_selector.items()):
        return False
    affinity = pod.spec.affinity and pod.spec.affinity.node_affinity
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    if required is None:
        return True
    return any(term_holds(term, node) for term in required.node_selector_terms)


def node_affinity(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    return [] if chosen(pod, node) else ["node(s) didn't match Pod's node affinity/selector"]


def preferred_nodes(cluster: Cluster, pod: Pod, node: Node) -> int:
    affinity = pod.spec.affinity and pod.spec.affinity.node_affinity
    if not affinity:
        return 0
    return sum(
        each.weight
        for each in affinity.preferred_during_scheduling_ignored_during_execution
        if term_holds(each.preference, node)
    )


def ports(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    def taken(each: Pod) -> list[tuple[str, str, int]]:
        return [
            (port.host_ip or "0.0.0.0", port.protocol, port.host_port)
            for container in each.spec.containers
            for port in container.ports
            if port.host_port
        ]

    for address, protocol, number in taken(pod):
        for other in cluster.on(node.metadata.name):
            for other_address, other_protocol, other_number in taken(other):
                if (protocol, number) == (other_protocol, other_number) and (
                    address == other_address or "0.0.0.0" in (address, other_address)
                ):
                    return ["node(s) didn't have free ports for the requested pod ports"]
    return []


def images(cluster: Cluster, pod: Pod, node: Node) -> int:
    containers = (*pod.spec.init_containers, *pod.spec.containers)
    total = 0
    for container in containers:
        name = container.image if ":" in container.image else f"{container.image}:latest"
        having = [
            (other.metadata.name, image.size_bytes)
            for other in cluster.nodes.values()
            for image in other.status.images
            if name in image.names
        ]
        size = dict(having).get(node.metadata.name, 0)
        total += int(size * (len(having) / len(cluster.nodes)))
    least, most = 23 * 1024 * 1024, 1000 * 1024 * 1024 * len(containers)
    return 100 * (min(max(total, least), most) - least) // (most - least)


# ---- pods


def selects(selector: LabelSelector | None, labels: Mapping[str, str]) -> bool:
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    for each in selector.match_expressions:
        there = each.key in labels
        value = labels.get(each.key)
        holds = {
            "In": there and value in each.values,
            "NotIn": not there or value not in each.values,
            "Exists": there,
            "DoesNotExist": not there,
        }[each.operator]
        if not holds:
            return False
    return True


def term_selects(term: PodAffinityTerm, holder: Pod, other: Pod) -> bool:
    """Whether a term of the holder selects the other pod."""
    namespaces = set(term.namespaces)
    if not namespaces and term.namespace_selector is None:
        namespaces = {holder.metadata.namespace}
    namespace = other.metadata.namespace
    if namespace not in namespaces and not selects(term.namespace_selector, NAMESPACES[namespace]):
        return False
    own, labels = holder.metadata.labels, other.metadata.labels
    if any(labels.get(key) != own[key] for key in term.match_label_keys if key in own):
        return False
    if any(labels.get(key) == own[key] for key in term.mismatch_label_keys if key in own):
        return False
    return selects(term.label_selector, labels)


def required(pod: Pod, side: str) -> Sequence[PodAffinityTerm]:
    found = pod.spec.affinity and getattr(pod.spec.affinity, side)
    return found.required_during_scheduling_ignored_during_execution if found else ()


def preferred(pod: Pod) -> list[tuple[PodAffinityTerm, int]]:
    terms = []
    for side, sign in (("pod_affinity", 1), ("pod_anti_affinity", -1)):
        found = pod.spec.affinity and getattr(pod.spec.affinity, side)
        if found:
            terms += [
                (each.pod_affinity_term, sign * each.weight)
                for each in found.preferred_during_scheduling_ignored_during_execution
            ]
    return terms


def together(cluster: Cluster, other: Pod, node: Node, key: str) -> bool:
    """Whether the other pod is in the node's domain."""
    host = cluster.nodes.get(other.spec.node_name)
    return (
        host is not None
        and key in node.metadata.labels
        and host.metadata.labels.get(key) == node.metadata.labels[key]
    )


def inter_pod(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    placed = [each for each in cluster.pods.values() if each.spec.node_name in cluster.nodes]
    affinity = required(pod, "pod_affinity")
    if affinity and not _company(cluster, pod, node, placed, affinity):
        return ["node(s) didn't match pod affinity rules"]
    for term in required(pod, "pod_anti_affinity"):
        for other in placed:
            if term_selects(term, pod, other) and together(cluster, other, node, term.topology_key):
                return ["node(s) didn't match pod anti-affinity rules"]
    for other in placed:
        for term in required(other, "pod_anti_affinity"):
            if term_selects(term, other, pod) and together(cluster, other, node, term.topology_key):
                return ["node(s) didn't satisfy existing pods anti-affinity rules"]
    return []


def _company(
    cluster: Cluster,
    pod: Pod,
    node: Node,
    placed: Sequence[Pod],
    terms: Sequence[PodAffinityTerm],
) -> bool:
    friends = [each for each in placed if all(term_selects(term, pod, each) for term in terms)]
    keys = [term.topology_key for term in terms]
    if any(key not in node.metadata.labels for key in keys):
        return False
    if all(any(together(cluster, each, node, key) for each in friends) for key in keys):
        return True
    nobody = not any(
        key in cluster.nodes[each.spec.node_name].metadata.labels
        for each in friends
        for key in keys
    )
    return nobody and all(term_selects(term, pod, pod) for term in terms)


def liked(cluster: Cluster, pod: Pod, node: Node) -> int:
    total = 0
    for other in cluster.pods.values():
        for term, weight in preferred(pod):
            if term_selects(term, pod, other):
                total += weight * together(cluster, other, node, term.topology_key)
        for term in required(other, "pod_affinity"):
            if term_selects(term, other, pod):
                total += together(cluster, other, node, term.topology_key)
        for term, weight in preferred(other):
            if term_selects(term, other, pod):
                total += weight * together(cluster, other, node, term.topology_key)
    return total


# ---- spreading


def counted(cluster: Cluster, pod: Pod, node: Node, constraint: TopologySpreadConstraint) -> int:
    """The pods on a node that a constraint counts."""
    own = pod.metadata.labels
    return sum(
        other.metadata.deletion_timestamp is None
        and other.metadata.namespace == pod.metadata.namespace
        and selects(constraint.label_selector, other.metadata.labels)
        and all(
            other.metadata.labels.get(key) == own[key]
            for key in constraint.match_label_keys
            if key in own
        )
        for other in cluster.on(node.metadata.name)
    )


def is_included(pod: Pod, node: Node, constraint: TopologySpreadConstraint) -> bool:
    if constraint.node_affinity_policy != "Ignore" and not chosen(pod, node):
        return False
    return constraint.node_taints_policy != "Honor" or not untolerated(pod, node)


def constraints(pod: Pod, when: str) -> list[TopologySpreadConstraint]:
    return [
        each for each in pod.spec.topology_spread_constraints if each.when_unsatisfiable == when
    ]


def spread(cluster: Cluster, pod: Pod, node: Node) -> Reasons:
    hard = constraints(pod, "DoNotSchedule")
    for constraint in hard:
        key = constraint.topology_key
        if key not in node.metadata.labels:
            return ["node(s) didn't match pod topology spread constraints (missing required label)"]
        domains: dict[str, int] = {}
        for other in cluster.nodes.values():
            labels = other.metadata.labels
            if all(each.topology_key in labels for each in hard) and is_included(
                pod, other, constraint
            ):
                pods = counted(cluster, pod, other, constraint)
                domains[labels[key]] = domains.get(labels[key], 0) + pods
        least = min(domains.values(), default=0)
        if len(domains) < (constraint.min_domains or 1):
            least = 0
        itself = selects(constraint.label_selector, pod.metadata.labels)
        here = domains.get(node.metadata.labels[key], 0)
        if here + itself - least > constraint.max_skew:
            return ["node(s) didn't match pod topology spread constraints"]
    return []


def spread_scores(cluster: Cluster, pod: Pod, nodes: Sequence[Node]) -> list[int]:
    soft = constraints(pod, "ScheduleAnyway")

    def has_keys(node: Node) -> bool:
        return all(each.topology_key in node.metadata.labels for each in soft)

    kept = [node for node in nodes if has_keys(node)]
    raw = {}
    for node in kept:
        score = 0.0
        for constraint in soft:
            key = constraint.topology_key
            value = node.metadata.labels[key]
            if key == HOST:
                size, pods = len(kept), counted(cluster, pod, node, constraint)
            else:
                size = len({each.metadata.labels[key] for each in kept})
                pods = sum(
                    counted(cluster, pod, other, constraint)
                    for other in cluster.nodes.values()
                    if has_keys(other)
                    and is_included(pod, other, constraint)
                    and other.metadata.labels[key] == value
                )
            score += pods * math.log(size + 2) + (constraint.max_skew - 1)
        raw[node.metadata.name] = math.floor(score + 0.5)
    if not raw:
        return [0 for _ in nodes]
    least, most = min(raw.values()), max(raw.values())
    return [
        0
        if node.metadata.name not in raw
        else 100
        if most == 0
        else 100 * (most + least - raw[node.metadata.name]) // most
        for node in nodes
    ]


# ---- all of them


def scaled(raw: Sequence[int], *, reverse: bool) -> list[int]:
    largest = max(raw, default=0)
    if largest == 0:
        return [100 if reverse else 0 for _ in raw]
    return [100 - each * 100 // largest if reverse else each * 100 // largest for each in raw]


def between(raw: Sequence[int]) -> list[int]:
    least, most = min(raw), max(raw)
    if least == most:
        return [0 for _ in raw]
    return [int(100 * ((each - least) / (most - least))) for each in raw]


Score = Callable[[Cluster, Pod, Node], int]


def each(score: Score) -> Callable[[Cluster, Pod, Sequence[Node]], list[int]]:
    return lambda cluster, pod, nodes: [score(cluster, pod, node) for node in nodes]


FILTERS: dict[str, Callable[[Cluster, Pod, Node], Reasons]] = {
    "NodeUnschedulable": unschedulable,
    "TaintToleration": taints,
    "NodeAffinity": node_affinity,
    "NodePorts": ports,
    "NodeResourcesFit": fit,
    "PodTopologySpread": spread,
    "InterPodAffinity": inter_pod,
}

SCORES: dict[str, Callable[[Cluster, Pod, Sequence[Node]], list[int]]] = {
    "TaintToleration": lambda cluster, pod, nodes: scaled(
        each(soft_taints)(cluster, pod, nodes), reverse=True
    ),
    "NodeAffinity": lambda cluster, pod, nodes: scaled(
        each(preferred_nodes)(cluster, pod, nodes), reverse=False
    ),
    "NodeResourcesFit": each(least_allocated),
    "NodeResourcesBalancedAllocation": each(balanced),
    "PodTopologySpread": spread_scores,
    "InterPodAffinity": lambda cluster, pod, nodes: between(each(liked)(cluster, pod, nodes)),
    "ImageLocality": each(images),
}
