"""What the scheduler knows of a pod; pods of one template share one shape.

Everything that filters and scores is in the shape, so whatever is computed
for one pod holds for all like it. A shape also keeps, for the snapshot it
belongs to, which counters count its pods.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import msgspec
from msgspec import Struct, field

from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import TopologySpreadConstraint
from knarr.api.owners import controller_of
from knarr.api.selectors import Selector
from scheduler.devices.inventory import claim_names
from scheduler.requests import Amounts, asks_for_nothing, requests_of
from scheduler.terms import (
    AffinityTerm,
    PodTerm,
    SpreadConstraint,
    affinity_term,
    with_label_keys,
)

if TYPE_CHECKING:
    from scheduler.counting import Counter, Holding

_ENCODER = msgspec.json.Encoder(enc_hook=str)

ANY_ADDRESS = "0.0.0.0"
"""A host port without an address is taken on all of them."""


class HostPort(Struct, frozen=True):
    """A port that a pod takes on its node."""

    address: str
    protocol: str
    port: int


class Shape(Struct, eq=False, weakref=True):
    """All that matters of a pod, and of every pod like it."""

    pod: Pod
    """One pod of this shape; whatever a plugin reads of it is alike in all of them."""
    is_terminating: bool
    requests: Amounts
    nonzero: Amounts
    host_ports: tuple[HostPort, ...]
    claims: tuple[str, ...]
    """Names of the PersistentVolumeClaims it mounts."""
    affinity: tuple[AffinityTerm, ...]
    anti_affinity: tuple[AffinityTerm, ...]
    preferred: tuple[AffinityTerm, ...]
    """Preferred terms; those of anti-affinity weigh less than nothing."""
    spread_hard: tuple[SpreadConstraint, ...]
    spread_soft: tuple[SpreadConstraint, ...]
    is_best_effort: bool
    wanted_node: str = ""
    """The only node they may have. Nobody asks: a pod with a node needs no scheduler."""
    by_slot: dict[int, int] = field(default_factory=dict)
    """How many pods of this shape are on each slot."""
    counters: "list[Counter]" = field(default_factory=list)
    counters_seen: int = 0
    holdings: "list[Holding]" = field(default_factory=list)
    holdings_seen: int = 0
    generation: int = 0
    workload_version: int = -1
    workload_selector: Selector | None = None

    @property
    def namespace(self) -> str:
        """The namespace of these pods."""
        return self.pod.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        """The labels of these pods."""
        return self.pod.metadata.labels  # type: ignore[return-value]

    @property
    def priority(self) -> int:
        """What these pods' wishes weigh."""
        return self.pod.spec.priority or 0


class Shapes:
    """The shapes of all pods known; one that no pod has is forgotten."""

    def __init__(self) -> None:
        self._shapes: WeakValueDictionary[bytes, Shape] = WeakValueDictionary()

    def of(self, pod: Pod) -> Shape:
        """The shape of a pod."""
        signature = _signature(pod)
        shape = self._shapes.get(signature)
        if shape is None:
            shape = self._shapes[signature] = make_shape(pod)
        return shape


def _signature(pod: Pod) -> bytes:
    meta, spec = pod.metadata, pod.spec
    owner = controller_of(pod)
    return _ENCODER.encode(
        (
            meta.namespace,
            meta.labels,
            meta.deletion_timestamp is not None,
            (owner.kind, owner.name) if owner else None,
            spec.node_selector,
            spec.affinity,
            spec.tolerations,
            spec.topology_spread_constraints,
            spec.priority,
            spec.preemption_policy,
            spec.scheduler_name,
            spec.overhead,
            spec.resources,
            [(each.resources, each.ports, each.image) for each in spec.containers],
            [
                (each.resources, each.restart_policy, each.ports, each.image)
                for each in spec.init_containers
            ],
            list(_volumes_that_matter(pod)),
            (pod.metadata.uid, list(claim_names(pod))) if spec.resource_claims else None,
            [
                (each.name, each.allocated_resources)
                for each in pod.status.container_statuses
                if each.allocated_resources
            ],
        )
    )


def _volumes_that_matter(pod: Pod) -> Iterator[Any]:
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            yield (pod.metadata.uid, volume.name)
        elif volume.gce_persistent_disk or volume.aws_elastic_block_store:
            yield (volume.gce_persistent_disk, volume.aws_elastic_block_store)
        elif volume.iscsi or volume.rbd:
            yield (volume.iscsi, volume.rbd)
        elif volume.csi is not None:
            yield volume.csi


def make_shape(pod: Pod) -> Shape:
    """Read a pod's wishes."""
    spec = pod.spec
    required, anti, preferred = _affinity_of(pod)
    return Shape(
        pod=pod,
        is_terminating=pod.metadata.deletion_timestamp is not None,
        requests=requests_of(pod),
        nonzero=requests_of(pod, nonzero=True),
        host_ports=tuple(_host_ports(pod)),
        claims=tuple(claims_of(pod)),
        affinity=required,
        anti_affinity=anti,
        preferred=preferred,
        spread_hard=_spread(pod, "DoNotSchedule"),
        spread_soft=_spread(pod, "ScheduleAnyway"),
        is_best_effort=asks_for_nothing(spec),
    )


def claims_of(pod: Pod) -> Iterator[str]:
    """The names of the claims that a pod's volumes need."""
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            yield volume.persistent_volume_claim.claim_name
        elif volume.ephemeral is not None:
            yield f"{pod.metadata.name}-{volume.name}"


def _host_ports(pod: Pod) -> Iterator[HostPort]:
    sidecars = (each for each in pod.spec.init_containers if each.restart_policy == "Always")
    for container in (*pod.spec.containers, *sidecars):
        for port in container.ports:
            if port.host_port > 0:
                yield HostPort(port.host_ip or ANY_ADDRESS, port.protocol or "TCP", port.host_port)


def _affinity_of(
    pod: Pod,
) -> tuple[tuple[AffinityTerm, ...], tuple[AffinityTerm, ...], tuple[AffinityTerm, ...]]:
    affinity = pod.spec.affinity
    namespace, labels = pod.metadata.namespace, pod.metadata.labels
    required: list[AffinityTerm] = []
    anti: list[AffinityTerm] = []
    preferred: list[AffinityTerm] = []
    if affinity is None:
        return (), (), ()
    for side, found, sign in (
        (affinity.pod_affinity, required, 1),
        (affinity.pod_anti_affinity, anti, -1),
    ):
        if side is None:
            continue
        for term in side.required_during_scheduling_ignored_during_execution:
            found.append(affinity_term(term, namespace, labels))
        for weighted in side.preferred_during_scheduling_ignored_during_execution:
            weight = sign * weighted.weight
            preferred.append(affinity_term(weighted.pod_affinity_term, namespace, labels, weight))
    return tuple(required), tuple(anti), tuple(preferred)


def _spread(pod: Pod, when_unsatisfiable: str) -> tuple[SpreadConstraint, ...]:
    return tuple(
        spread_constraint(pod, constraint)
        for constraint in pod.spec.topology_spread_constraints
        if constraint.when_unsatisfiable == when_unsatisfiable
    )


def spread_constraint(pod: Pod, constraint: TopologySpreadConstraint) -> SpreadConstraint:
    """Compile a constraint for a pod."""
    selector = with_label_keys(
        constraint.label_selector, pod.metadata.labels, constraint.match_label_keys
    )
    return SpreadConstraint(
        pods=PodTerm(frozenset((pod.metadata.namespace,)), selector, counts_terminating=False),
        topology_key=constraint.topology_key,
        max_skew=constraint.max_skew,
        min_domains=constraint.min_domains or 1,
        honors_affinity=constraint.node_affinity_policy != "Ignore",
        honors_taints=constraint.node_taints_policy == "Honor",
    )
