"""VolumeBinding: a pod goes where its volumes are, or where they can be found or made."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec import Struct

from knarr.api.core.affinity import TopologySelectorTerm
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.keys import Key
from knarr.api.owners import controller_of
from scheduler.arrays import Bools, Slots
from scheduler.node_selection import labels_match, selected
from scheduler.plugins.plugin import EventKind, Happening, Refusal, Rejection
from scheduler.shape import Shape
from scheduler.snapshot import Snapshot
from scheduler.storage import NO_PROVISIONER, SELECTED_NODE, is_bound, size_asked

ELSEWHERE = "node(s) didn't match PersistentVolume's node affinity"
NONE_FREE = "node(s) didn't find available persistent volumes to bind"
VANISHED = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
NO_ROOM = "node(s) did not have enough free storage"
IMMEDIATE = "pod has unbound immediate PersistentVolumeClaims"


class VolumePlan(Struct, frozen=True):
    """What becomes of a pod's claims on the node it got."""

    take: Mapping[Key, str]
    """Claims, and the volume that each is to have."""
    provision: tuple[Key, ...]
    """Claims for which a volume is to be made there."""


class VolumeBinding:
    """Rejects nodes that a pod's volumes cannot reach."""

    name = "VolumeBinding"
    is_local = False
    wakes: frozenset[EventKind] = frozenset(("storage changed", "node added", "node changed"))

    def refuse(self, snapshot: Snapshot, shape: Shape) -> Refusal | None:
        """Refuse a pod with a claim that is missing, or that others have to bind first."""
        immediate = False
        for name, claim in _claims(snapshot, shape):
            trouble = _trouble(shape, name, claim)
            if trouble:
                return Refusal(trouble)
            assert claim is not None, "a missing claim is trouble"
            if not is_bound(claim) and not snapshot.storage.waits_for_pod(claim):
                immediate = immediate or not claim.spec.volume_name
        return Refusal(IMMEDIATE) if immediate else None

    def concerns(self, shape: Shape) -> bool:
        """Whether the pods mount claims."""
        return bool(shape.claims)

    def filter(self, snapshot: Snapshot, shape: Shape, slots: Slots) -> Sequence[Rejection]:
        """Reject nodes away from bound volumes, and those where no volume can be had."""
        elsewhere = np.zeros(len(slots), dtype=bool)
        vanished = np.zeros(len(slots), dtype=bool)
        waiting = []
        for name, claim in _claims(snapshot, shape):
            assert claim is not None, "a pod without its claims is refused before"
            if claim.spec.volume_name:
                volume = snapshot.storage.volume_of(claim)
                if volume is None:
                    vanished |= True
                else:
                    elsewhere |= ~reaches(snapshot, volume, slots)
            elif snapshot.storage.waits_for_pod(claim):
                waiting.append((Key(shape.namespace, name), claim))
        found = _find(snapshot, waiting, slots)
        return (
            Rejection(vanished, VANISHED, is_final=True),
            Rejection(elsewhere & ~vanished, ELSEWHERE, is_final=True),
            Rejection(found.none_free & ~vanished, NONE_FREE, is_final=True),
            Rejection(found.no_room & ~vanished, NO_ROOM, is_final=True),
        )

    def helps(self, snapshot: Snapshot, shape: Shape, happening: Happening) -> bool:
        """Whether a claim of the pod, a volume or a class changed so that it is not refused now."""
        claims = {f"{shape.namespace}/{name}" for name in shape.claims}
        if happening.claim and happening.claim not in claims:
            return False
        return self.refuse(snapshot, shape) is None


def plan_volumes(snapshot: Snapshot, shape: Shape, slot: int) -> VolumePlan:
    """Which volumes the claims of a pod are to have on a node that was found to do."""
    waiting = [
        (Key(shape.namespace, name), claim)
        for name, claim in _claims(snapshot, shape)
        if claim is not None and not claim.spec.volume_name
    ]
    found = _find(snapshot, waiting, np.array([slot], dtype=np.intp))
    take = {
        key: name for key, takes in found.taken.items() for name, slots in takes.items() if slots[0]
    }
    return VolumePlan(take, tuple(key for key, _ in waiting if key not in take))


class _Found(Struct, frozen=True):
    """What there is, for each slot, for claims that wait for a pod."""

    none_free: Bools
    """No volume is free and none can be made."""
    no_room: Bools
    """One could be made, were there room for it."""
    taken: Mapping[Key, Mapping[str, Bools]]
    """For each claim the volumes it would take, and on which slots."""


_Waiting = tuple[Key, PersistentVolumeClaim]


def _find(snapshot: Snapshot, waiting: Sequence[_Waiting], slots: Slots) -> _Found:
    """Find a volume for each claim, the smallest first, no volume twice; else have one made."""
    open_ = np.ones(len(slots), dtype=bool)
    none_free = np.zeros(len(slots), dtype=bool)
    no_room = np.zeros(len(slots), dtype=bool)
    taken: dict[Key, dict[str, Bools]] = {}
    to_make: list[tuple[PersistentVolumeClaim, Bools]] = []
    gone: dict[str, Bools] = {}
    for key, claim in sorted(waiting, key=_order):
        chosen = claim.metadata.annotations.get(SELECTED_NODE)
        if chosen is not None:
            # A provisioner works on it; the pod has to follow.
            only = snapshot.slot_of(chosen)
            there = np.zeros(len(slots), dtype=bool) if only is None else slots == only
            none_free |= ~there
            to_make.append((claim, there))
            continue
        unmet = np.ones(len(slots), dtype=bool)
        takes = taken[key] = {}
        for volume in snapshot.storage.candidates(claim, key):
            name = volume.metadata.name
            takes[name] = reaches(snapshot, volume, slots) & unmet
            if name in gone:
                takes[name] &= ~gone[name]
            gone[name] = gone.get(name, False) | takes[name]
            unmet &= ~takes[name]
        to_make.append((claim, unmet))
    for claim, unmet in to_make:
        # The first claim for which there is no help says why.
        asked = unmet & open_ & ~none_free
        allowed = _may_be_made(snapshot, claim, slots)
        roomy = _with_room(snapshot, claim, slots)
        none_free |= asked & ~allowed
        no_room |= asked & allowed & ~roomy
        open_ &= ~no_room
    return _Found(none_free, no_room, taken)


def _order(waiting: _Waiting) -> tuple[bool, int]:
    """Claims that are being provided for first, then the smallest."""
    _, claim = waiting
    if SELECTED_NODE in claim.metadata.annotations:
        return False, 0
    return True, size_asked(claim)


def reaches(snapshot: Snapshot, volume: PersistentVolume, slots: Slots) -> Bools:
    """Whether each slot can use a volume."""
    affinity = volume.spec.node_affinity
    if affinity is None or affinity.required is None:
        return np.ones(len(slots), dtype=bool)
    return selected(snapshot, affinity.required, slots)


def _claims(snapshot: Snapshot, shape: Shape) -> Iterator[tuple[str, PersistentVolumeClaim | None]]:
    for name in shape.claims:
        yield name, snapshot.storage.claims.get(Key(shape.namespace, name))


def _trouble(shape: Shape, name: str, claim: PersistentVolumeClaim | None) -> str:
    """Why a claim can be of no use to a pod at present."""
    is_ephemeral = any(
        volume.ephemeral is not None and f"{shape.pod.metadata.name}-{volume.name}" == name
        for volume in shape.pod.spec.volumes
    )
    if claim is None:
        if is_ephemeral:
            return (
                "waiting for ephemeral volume controller to create the "
                f'persistentvolumeclaim "{name}"'
            )
        return f'persistentvolumeclaim "{name}" not found'
    if claim.status.phase == "Lost":
        volume = claim.spec.volume_name
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
    if claim.metadata.deletion_timestamp is not None:
        return f'persistentvolumeclaim "{name}" is being deleted'
    owner = controller_of(claim)
    if is_ephemeral and (owner is None or owner.uid != shape.pod.metadata.uid):
        pod = f"{shape.namespace}/{shape.pod.metadata.name}"
        return f"PVC {shape.namespace}/{name} was not created for pod {pod} (pod is not owner)"
    return ""


def _may_be_made(snapshot: Snapshot, claim: PersistentVolumeClaim, slots: Slots) -> Bools:
    """Whether the claim's class can make a volume for each slot."""
    made = snapshot.storage.class_of(claim)
    if made is None or made.provisioner in ("", NO_PROVISIONER):
        return np.zeros(len(slots), dtype=bool)
    return _allowed(snapshot, made.allowed_topologies, slots)


def _with_room(snapshot: Snapshot, claim: PersistentVolumeClaim, slots: Slots) -> Bools:
    """Whether the driver has room for the claim's volume, where it says such things."""
    topologies = snapshot.storage.with_room(claim)
    if topologies is None:
        return np.ones(len(slots), dtype=bool)
    answer = np.zeros(len(slots), dtype=bool)
    for topology in topologies:
        answer |= labels_match(snapshot, topology, slots)
    return answer


def _allowed(snapshot: Snapshot, terms: Sequence[TopologySelectorTerm], slots: Slots) -> Bools:
    """Whether each slot is in a topology that a class allows; without terms all are."""
    if not terms:
        return np.ones(len(slots), dtype=bool)
    answer = np.zeros(len(slots), dtype=bool)
    for term in terms:
        holds = np.ones(len(slots), dtype=bool)
        for requirement in term.match_label_expressions:
            column = snapshot.labels.column(requirement.key)
            values = frozenset(requirement.values)
            holds &= column.where(slots, values.__contains__, absent=False)
        answer |= holds
    return answer
