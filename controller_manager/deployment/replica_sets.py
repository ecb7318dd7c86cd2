"""A Deployment's ReplicaSets as one step of a rollout sees and changes them."""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from controller_manager.deployment.bounds import max_surge, wanted
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.plan import Notice

DESIRED = "deployment.kubernetes.io/desired-replicas"
"""On a ReplicaSet: how many replicas its Deployment wanted when it was last scaled."""

MAX = "deployment.kubernetes.io/max-replicas"
"""On a ReplicaSet: how many there might be at most then, surge included."""


def size_of(replica_set: ReplicaSet) -> int:
    """How many pods the ReplicaSet is to have."""
    assert replica_set.spec.replicas is not None, "the server fills in spec.replicas"
    return replica_set.spec.replicas


def pods_of(replica_set: ReplicaSet) -> int:
    """How many pods there may be of it: those it is to have, or still has."""
    return max(size_of(replica_set), replica_set.status.replicas)


def is_counted(replica_set: ReplicaSet) -> bool:
    """Whether `pods_of` is certain: its status speaks of the size it has, or it never had another.

    One that was scaled down a moment ago may have had its last pods made in that moment.
    """
    generation = replica_set.metadata.generation
    return generation <= 1 or replica_set.status.observed_generation >= generation


def available_of(replica_set: ReplicaSet) -> int:
    """How many available pods it surely keeps: none while its status speaks of an earlier size."""
    if replica_set.status.observed_generation < replica_set.metadata.generation:
        return 0
    return min(size_of(replica_set), replica_set.status.available_replicas)


def total_size(replica_sets: Iterable[ReplicaSet]) -> int:
    """How many pods they are to have together."""
    return sum(size_of(replica_set) for replica_set in replica_sets)


def active(replica_sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    """Those that are to have pods."""
    return [replica_set for replica_set in replica_sets if size_of(replica_set) > 0]


def by_age(replica_sets: Iterable[ReplicaSet], *, newest_first: bool = False) -> list[ReplicaSet]:
    """The oldest first, those of one second by name."""
    return sorted(replica_sets, key=age_key, reverse=newest_first)


def age_key(replica_set: ReplicaSet) -> tuple[str, str]:
    """Orders by creation, then by name."""
    return replica_set.metadata.creation_timestamp or "", replica_set.metadata.name


class Rollout(Struct):
    """One step: Deployment and ReplicaSets as they will be, and what was done on the way."""

    stored: Deployment
    """As it is in the store."""
    deployment: Deployment
    """As it is going to be."""
    new: ReplicaSet | None
    """The one of the current template, if it exists."""
    old: list[ReplicaSet]
    updates: dict[str, ReplicaSet] = field(default_factory=dict)
    """The ReplicaSets to write, by uid."""
    notices: list[Notice] = field(default_factory=list)

    @property
    def all(self) -> list[ReplicaSet]:
        """The old ones and the one of the current template."""
        return self.old if self.new is None else [*self.old, self.new]

    def __iter__(self) -> Iterator[ReplicaSet]:
        return iter(self.all)

    def scale(self, replica_set: ReplicaSet, size: int) -> bool:
        """Give a ReplicaSet another size and note what the Deployment wants; True if it changed."""
        before = size_of(replica_set)
        marks = size_marks(self.deployment)
        annotations = replica_set.metadata.annotations
        if before == size and marks.items() <= annotations.items():
            return False
        changed = replace(
            replica_set,
            metadata=replace(replica_set.metadata, annotations={**annotations, **marks}),
            spec=replace(replica_set.spec, replicas=size),
        )
        self.put(changed)
        if before != size:
            verb = "up" if size > before else "down"
            name = replica_set.metadata.name
            self.tell(f"Scaled {verb} replica set {name} from {before} to {size}")
        return before != size

    def put(self, changed: ReplicaSet) -> None:
        """Write a changed ReplicaSet."""
        uid = changed.metadata.uid
        self.updates[uid] = changed
        if self.new is not None and self.new.metadata.uid == uid:
            self.new = changed
        else:
            self.old = [changed if old.metadata.uid == uid else old for old in self.old]

    def tell(self, message: str) -> None:
        """Record an event that the Deployment scaled a ReplicaSet."""
        self.notices.append(Notice(self.deployment, "ScalingReplicaSet", message))


def size_marks(deployment: Deployment) -> dict[str, str]:
    """The annotations that a ReplicaSet carries about its Deployment's size."""
    size = wanted(deployment)
    return {DESIRED: str(size), MAX: str(size + max_surge(deployment))}


def mark_of(replica_set: ReplicaSet, annotation: str) -> int | None:
    """The number one of these annotations holds, or None."""
    try:
        return int(replica_set.metadata.annotations[annotation])
    except (KeyError, ValueError):
        return None


def without(replica_sets: Sequence[ReplicaSet], one: ReplicaSet | None) -> list[ReplicaSet]:
    """All but one."""
    uid = None if one is None else one.metadata.uid
    return [replica_set for replica_set in replica_sets if replica_set.metadata.uid != uid]
