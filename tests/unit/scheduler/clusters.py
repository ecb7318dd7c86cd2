"""Random clusters, small and crowded, so that every rule has something to say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

from knarr.api.core.affinity import (
    Affinity,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PodAffinity,
    PodAffinityTerm,
    PodAntiAffinity,
    PreferredSchedulingTerm,
    WeightedPodAffinityTerm,
)
from knarr.api.core.container import Container, ContainerPort
from knarr.api.core.namespace import Namespace
from knarr.api.core.node import ContainerImage, Node, NodeSpec, NodeStatus
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import Taint, Toleration, TopologySpreadConstraint
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector, LabelSelectorRequirement
from knarr.api.scalars import Quantity
from scheduler.shape import Shapes
from scheduler.snapshot import Snapshot

T = TypeVar("T")

ZONE = "topology.kubernetes.io/zone"
HOST = "kubernetes.io/hostname"
GPU = "example.com/gpu"
NAMESPACES = {"red": {"team": "a"}, "blue": {"team": "b"}, "green": {}}


@dataclass
class Cluster:
    """What there is, as objects, and the snapshot of it."""

    chance: Random
    nodes: dict[str, Node] = field(default_factory=dict)
    pods: dict[Key, Pod] = field(default_factory=dict)
    snapshot: Snapshot = field(default_factory=Snapshot)
    shapes: Shapes = field(default_factory=Shapes)
    _number: int = 0

    def put_node(self, node: Node) -> None:
        self.nodes[node.metadata.name] = node
        self.snapshot.put_node(node)

    def remove_node(self, name: str) -> None:
        del self.nodes[name]
        self.snapshot.remove_node(name)

    def put_pod(self, pod: Pod) -> None:
        key = Key(pod.metadata.namespace, pod.metadata.name)
        self.pods[key] = pod
        self.snapshot.put_pod(key, pod, self.shapes.of(pod), pod.spec.node_name)

    def remove_pod(self, key: Key) -> None:
        del self.pods[key]
        self.snapshot.remove_pod(key)

    def on(self, name: str) -> list[Pod]:
        return [pod for pod in self.pods.values() if pod.spec.node_name == name]

    def fresh_name(self) -> str:
        self._number += 1
        return f"pod-{self._number}"


def cluster(seed: int, *, steps: int = 40) -> Cluster:
    """A cluster that came about in many steps, forth and back."""
    chance = Random(seed)
    made = Cluster(chance)
    for name, labels in NAMESPACES.items():
        made.snapshot.put_namespace(name, labels)
    for number in range(chance.randint(1, 7)):
        made.put_node(node(f"node-{number}", chance))
    for _ in range(steps):
        step(made)
    return made


def step(made: Cluster) -> None:
    """Change something."""
    chance = made.chance
    act = chance.random()
    if act < 0.6 or not made.pods:
        name = chance.choice([*made.nodes, "node-0", "nowhere"])
        made.put_pod(pod(made.fresh_name(), chance, node_name=name))
    elif act < 0.75:
        made.remove_pod(chance.choice(sorted(made.pods)))
    elif act < 0.85:
        name = chance.choice(sorted(made.nodes)) if made.nodes else "node-0"
        made.put_node(node(name, chance))
    elif act < 0.9 and len(made.nodes) > 1:
        made.remove_node(chance.choice(sorted(made.nodes)))
    elif act < 0.95:
        made.put_node(node(f"node-{chance.randint(0, 9)}", chance))
    else:
        _relabel(made, chance)


def _relabel(made: Cluster, chance: Random) -> None:
    key = chance.choice(sorted(made.pods))
    old = made.pods[key]
    made.put_pod(pod(key.name, chance, node_name=old.spec.node_name, namespace=key.namespace))


def namespace(name: str, labels: Mapping[str, str]) -> Namespace:
    return Namespace(metadata=ObjectMeta(name=name, labels=labels))


def node(name: str, chance: Random) -> Node:
    labels = {HOST: name}
    if chance.random() < 0.8:
        labels[ZONE] = f"zone-{chance.randint(0, 2)}"
    if chance.random() < 0.6:
        labels["disk"] = chance.choice(["ssd", "hdd"])
    if chance.random() < 0.6:
        labels["size"] = chance.choice(["1", "5", "10", "big", "03"])
    taints = tuple(
        Taint(key=key, value=chance.choice(["x", "y"]), effect=effect)
        for key, effect in (
            ("a", "NoSchedule"),
            ("b", "PreferNoSchedule"),
            ("c", "NoExecute"),
            ("d", "PreferNoSchedule"),
        )
        if chance.random() < 0.2
    )
    amounts = {
        "cpu": Quantity(chance.choice(["1", "2", "4", "1500m"])),
        "memory": Quantity(chance.choice(["1Gi", "2Gi", "4Gi"])),
        "pods": Quantity(str(chance.randint(2, 8))),
    }
    if chance.random() < 0.4:
        amounts[GPU] = Quantity(str(chance.randint(1, 4)))
    images = [
        ContainerImage(names=(f"img-{number}:1",), size_bytes=chance.randint(10**7, 2 * 10**9))
        for number in range(3)
        if chance.random() < 0.5
    ]
    return Node(
        metadata=ObjectMeta(name=name, labels=labels),
        spec=NodeSpec(taints=taints, unschedulable=chance.random() < 0.1),
        status=NodeStatus(allocatable=amounts, images=tuple(images)),
    )


def pod(name: str, chance: Random, *, node_name: str = "", namespace: str = "") -> Pod:
    labels = {"app": chance.choice("abc")}
    if chance.random() < 0.5:
        labels["tier"] = chance.choice("xy")
    deleting = bool(node_name) and chance.random() < 0.15
    return Pod(
        metadata=ObjectMeta(
            name=name,
            namespace=namespace or chance.choice(sorted(NAMESPACES)),
            labels=labels,
            uid=f"uid-{name}",
            deletion_timestamp=_moment() if deleting else None,
        ),
        spec=PodSpec(
            containers=_containers(chance, 2),
            init_containers=_init_containers(chance),
            node_name=node_name,
            node_selector={"disk": "ssd"} if chance.random() < 0.1 else {},
            overhead={"cpu": Quantity("50m")} if chance.random() < 0.1 else {},
            priority=chance.choice([0, 0, 10, 100]),
            tolerations=_tolerations(chance),
            affinity=_affinity(chance) if chance.random() < 0.7 else None,
            topology_spread_constraints=_spread(chance) if chance.random() < 0.4 else (),
        ),
    )


def _moment() -> str:
    return "2030-01-01T00:00:00Z"


def _containers(chance: Random, most: int) -> tuple[Container, ...]:
    return tuple(
        Container(
            name=f"c{number}",
            image=chance.choice(["img-0:1", "img-1:1", "img-2:1", "other"]),
            resources=ResourceRequirements(requests=_requests(chance)),
            ports=_ports(chance),
        )
        for number in range(chance.randint(1, most))
    )


def _init_containers(chance: Random) -> tuple[Container, ...]:
    return tuple(
        Container(
            name=f"i{number}",
            image="img-0:1",
            restart_policy="Always" if chance.random() < 0.4 else None,
            resources=ResourceRequirements(requests=_requests(chance)),
        )
        for number in range(chance.choice([0, 0, 0, 1, 2, 3]))
    )


def _requests(chance: Random) -> dict[str, Quantity]:
    requests = {}
    if chance.random() < 0.6:
        requests["cpu"] = Quantity(chance.choice(["100m", "250m", "1", "0"]))
    if chance.random() < 0.6:
        requests["memory"] = Quantity(chance.choice(["64Mi", "300Mi", "1Gi"]))
    if chance.random() < 0.15:
        requests[GPU] = Quantity("1")
    return requests


def _ports(chance: Random) -> tuple[ContainerPort, ...]:
    if chance.random() < 0.85:
        return ()
    return (
        ContainerPort(
            container_port=80,
            host_port=chance.choice([80, 81]),
            host_ip=chance.choice(["", "127.0.0.1", "10.0.0.1"]),
            protocol=chance.choice(["TCP", "UDP"]),
        ),
    )


def _tolerations(chance: Random) -> tuple[Toleration, ...]:
    return tuple(
        Toleration(
            key=chance.choice("abcd"),
            operator=chance.choice(["Exists", "Equal"]),
            value=chance.choice(["x", "y"]),
            effect=chance.choice(["", "NoSchedule", "PreferNoSchedule", "NoExecute"]),
        )
        for _ in range(chance.choice([0, 0, 1, 2, 4]))
    )


def _requirement(chance: Random) -> NodeSelectorRequirement:
    key, values = chance.choice([(ZONE, ["zone-0", "zone-1"]), ("disk", ["ssd"]), ("size", ["4"])])
    operators = ["In", "NotIn", "Exists", "DoesNotExist"]
    operator = chance.choice(["Gt", "Lt"] if key == "size" else operators)
    return NodeSelectorRequirement(key=key, operator=operator, values=tuple(values))


def _term(chance: Random) -> NodeSelectorTerm:
    fields: tuple[NodeSelectorRequirement, ...] = ()
    if chance.random() < 0.1:
        operator = chance.choice(["In", "NotIn"])
        fields = (
            NodeSelectorRequirement(key="metadata.name", operator=operator, values=("node-1",)),
        )
    return NodeSelectorTerm(
        match_expressions=some(chance, [_requirement(chance) for _ in range(2)]),
        match_fields=fields,
    )


def some(chance: Random, of: Sequence[T]) -> tuple[T, ...]:
    return tuple(each for each in of if chance.random() < 0.6)


def _affinity(chance: Random) -> Affinity:
    required = None
    if chance.random() < 0.2:
        required = NodeSelector(node_selector_terms=(_term(chance), _term(chance)))
    preferred = tuple(
        PreferredSchedulingTerm(weight=chance.randint(1, 100), preference=_term(chance))
        for _ in range(chance.choice([0, 0, 2]))
    )
    return Affinity(
        node_affinity=NodeAffinity(
            required_during_scheduling_ignored_during_execution=required,
            preferred_during_scheduling_ignored_during_execution=preferred,
        ),
        pod_affinity=PodAffinity(
            required_during_scheduling_ignored_during_execution=_terms(chance, 0.2),
            preferred_during_scheduling_ignored_during_execution=_weighted(chance),
        ),
        pod_anti_affinity=PodAntiAffinity(
            required_during_scheduling_ignored_during_execution=_terms(chance, 0.2),
            preferred_during_scheduling_ignored_during_execution=_weighted(chance),
        ),
    )


def _terms(chance: Random, probability: float) -> tuple[PodAffinityTerm, ...]:
    if chance.random() > probability:
        return ()
    return tuple(_pod_term(chance) for _ in range(chance.randint(1, 2)))


def _weighted(chance: Random) -> tuple[WeightedPodAffinityTerm, ...]:
    return tuple(
        WeightedPodAffinityTerm(weight=chance.randint(1, 100), pod_affinity_term=term)
        for term in _terms(chance, 0.2)
    )


def _pod_term(chance: Random) -> PodAffinityTerm:
    chosen = None
    if chance.random() < 0.2:
        chosen = LabelSelector(match_labels={"team": "a"} if chance.random() < 0.5 else {})
    return PodAffinityTerm(
        label_selector=_selector(chance),
        topology_key=chance.choice([ZONE, HOST, "disk"]),
        namespaces=("red", "blue") if chance.random() < 0.2 else (),
        namespace_selector=chosen,
        match_label_keys=("tier",) if chance.random() < 0.1 else (),
        mismatch_label_keys=("tier",) if chance.random() < 0.1 else (),
    )


def _selector(chance: Random) -> LabelSelector | None:
    if chance.random() < 0.05:
        return None
    if chance.random() < 0.3:
        operator = chance.choice(["In", "NotIn", "Exists", "DoesNotExist"])
        values = ("x",) if operator in ("In", "NotIn") else ()
        tier = LabelSelectorRequirement(key="tier", operator=operator, values=values)
        return LabelSelector(match_expressions=(tier,))
    return LabelSelector(match_labels={"app": chance.choice("abc")})


def _spread(chance: Random) -> tuple[TopologySpreadConstraint, ...]:
    return tuple(
        TopologySpreadConstraint(
            max_skew=chance.randint(1, 3),
            topology_key=chance.choice([ZONE, HOST, "disk"]),
            when_unsatisfiable=chance.choice(["DoNotSchedule", "ScheduleAnyway"]),
            label_selector=_selector(chance),
            min_domains=chance.choice([None, None, 2, 4]),
            node_affinity_policy=chance.choice([None, "Ignore", "Honor"]),
            node_taints_policy=chance.choice([None, "Ignore", "Honor"]),
            match_label_keys=("tier",) if chance.random() < 0.2 else (),
        )
        for _ in range(chance.randint(1, 2))
    )
