"""One decision: which node a pod gets, or why none and who has to make room. Never waits."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import numpy as np
from msgspec import Struct

from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from scheduler.arrays import Bools, Ints, Slots
from scheduler.diagnosis import Diagnosis, diagnose
from scheduler.evaluation import Evaluation, Evaluations, local_ok
from scheduler.nominated import Nominated, Nominee
from scheduler.plugins.default_preemption import NEVER, WAITING, Preemption, preempt
from scheduler.plugins.dynamic_resources import ELSEWHERE, idle_claim
from scheduler.plugins.plugin import Filter
from scheduler.profile import Profile
from scheduler.shape import Shape
from scheduler.snapshot import Placed, Snapshot

NO_NODES = "no nodes available to schedule pods"

NO_STATE = "not found"
"""What Kubernetes' second phase says when the first refused the pod outright."""

NO_CLAIMS = "no new claims to deallocate"
DEALLOCATED = "deallocation of ResourceClaim completed"
"""What Kubernetes' dynamic resources say before preemption has its turn."""


class Subject(Struct, frozen=True):
    """A pod to be placed."""

    key: Key
    pod: Pod
    shape: Shape


class Fits(Struct, frozen=True):
    """The pod gets this node."""

    node_name: str


class Unfit(Struct, frozen=True):
    """No node can take the pod."""

    message: str
    plugins: frozenset[str]
    """Those that rejected a node, or the pod: what they wait for may help."""
    nomination: str | None = None
    """The node that it will fit on once the victims are gone; empty: none; None: as before."""
    victims: tuple[Placed, ...] = ()
    idle_claim: Key | None = None
    """A ResourceClaim whose devices it could use only where there is no room for it."""


Decision = Fits | Unfit


class Cycle:
    """Decides on pods, one after the other, over one snapshot."""

    def __init__(self, snapshot: Snapshot, nominated: Nominated, chance: Random) -> None:
        self._snapshot = snapshot
        self._nominated = nominated
        self._chance = chance
        self._evaluations = Evaluations(snapshot)
        self._failed: tuple[object, Unfit] | None = None

    def decide(self, subject: Subject, profile: Profile) -> Decision:
        """Choose a node for a pod. Changes nothing: to assume is the caller's."""
        if self._snapshot.node_count == 0:
            return Unfit(NO_NODES, frozenset())
        for plugin in profile.pre_filters:
            refusal = plugin.refuse(self._snapshot, subject.shape)
            if refusal is not None:
                told = f"0/{self._snapshot.node_count} nodes are available: {refusal.reason}."
                return Unfit(f"{told} {NO_STATE}", frozenset((plugin.name,)))
        slot = self._choose(subject, profile)
        if slot is not None:
            return Fits(self._snapshot.names[slot])
        return self._give_up(subject, profile)

    def fits(self, subject: Subject, profile: Profile, slot: int) -> bool:
        """Whether a pod fits on one node, beside the pods nominated to it and without them."""
        name = self._snapshot.names[slot]
        rivals = self._nominated.rivals_on(name, subject.key, subject.shape.priority)
        return self._passes(subject, profile, slot) and (
            not rivals or self._passes_beside(subject, profile, slot, rivals)
        )

    def _choose(self, subject: Subject, profile: Profile) -> int | None:
        nominated = self._snapshot.slot_of(self._nominated.node_of(subject.key))
        if nominated is not None and self.fits(subject, profile, nominated):
            return nominated
        evaluation = self._evaluations.of(profile, subject.shape)
        nodes = np.flatnonzero(self._feasible(subject, profile, evaluation))
        if len(nodes) <= 1:
            return int(nodes[0]) if len(nodes) else None
        total = self._total(subject.shape, profile, evaluation, nodes)
        best = nodes[total == total.max()]
        return int(best[self._chance.randrange(len(best))])

    def _feasible(self, subject: Subject, profile: Profile, evaluation: Evaluation) -> Bools:
        """Which of all slots can take the pod."""
        snapshot, shape = self._snapshot, subject.shape
        feasible = evaluation.ok.copy()
        spanning = [each for each in profile.filters if not each.is_local and each.concerns(shape)]
        if spanning:
            slots = np.flatnonzero(feasible)
            feasible[slots] = local_ok(snapshot, tuple(spanning), shape, slots)
        for name, rivals in self._nominated.rivals(subject.key, shape.priority):
            slot = snapshot.slot_of(name)
            if slot is not None and feasible[slot]:
                feasible[slot] = self._passes_beside(subject, profile, slot, rivals)
        return feasible

    def _total(self, shape: Shape, profile: Profile, evaluation: Evaluation, nodes: Slots) -> Ints:
        """The weighted scores of the nodes that remain."""
        snapshot = self._snapshot
        total: Ints = evaluation.ready[nodes]
        for plugin, weight in profile.scores:
            if plugin.name in evaluation.raw:
                total += weight * plugin.normalise(evaluation.raw[plugin.name][nodes])
            elif not plugin.is_local and plugin.scores(snapshot, shape):
                total += weight * plugin.normalise(plugin.score(snapshot, shape, nodes))
        return total

    def _passes(self, subject: Subject, profile: Profile, slot: int) -> bool:
        slots = np.array([slot], dtype=np.intp)
        filters: tuple[Filter, ...] = tuple(
            each for each in profile.filters if each.concerns(subject.shape)
        )
        return bool(local_ok(self._snapshot, filters, subject.shape, slots)[0])

    def _passes_beside(
        self, subject: Subject, profile: Profile, slot: int, rivals: tuple[Nominee, ...]
    ) -> bool:
        """Whether the pod passes while the rivals are on the node."""
        with self._beside(rivals):
            return self._passes(subject, profile, slot)

    @contextmanager
    def _beside(self, rivals: tuple[Nominee, ...]) -> Iterator[None]:
        """Count nominees as if they were on their node already."""
        absent = [each for each in rivals if self._snapshot.pod(each.key) is None]
        for rival in absent:
            self._snapshot.put_pod(rival.key, rival.pod, rival.shape, rival.node_name)
        try:
            yield
        finally:
            for rival in absent:
                self._snapshot.remove_pod(rival.key)

    def _diagnose(self, subject: Subject, profile: Profile) -> Diagnosis:
        """What the filters say of all nodes, those with rivals counted beside them."""
        diagnosis = diagnose(self._snapshot, profile, subject.shape)
        for slot in diagnosis.passed:
            name = self._snapshot.names[slot]
            rivals = self._nominated.rivals_on(name, subject.key, subject.shape.priority)
            with self._beside(rivals):
                slots = np.array([slot], dtype=np.intp)
                diagnosis = diagnosis.also(diagnose(self._snapshot, profile, subject.shape, slots))
        return diagnosis

    def _give_up(self, subject: Subject, profile: Profile) -> Unfit:
        """Say why, and who could make room. Like pods that fail likewise cost nothing."""
        state = (
            subject.shape,
            profile.name,
            self._snapshot.changes.position,
            self._snapshot.storage.version,
            self._snapshot.devices.version,
            self._nominated.version,
            self._nominated.node_of(subject.key),
        )
        if self._failed is not None and self._failed[0] == state:
            return self._failed[1]
        diagnosis = self._diagnose(subject, profile)
        message = diagnosis.words()
        idle = None
        if subject.shape.pod.spec.resource_claims and ELSEWHERE in diagnosis.reasons:
            idle = idle_claim(self._snapshot, subject.shape)
        if not profile.preempts:
            return Unfit(message, diagnosis.plugins, idle_claim=idle)
        preemption = preempt(
            self._snapshot,
            diagnosis,
            Preemption(
                subject.key,
                subject.shape,
                self._nominated.node_of(subject.key),
                lambda slot: self.fits(subject, profile, slot),
                lambda slot: self._reasons_on(subject, profile, slot),
            ),
            self._chance,
        )
        if not isinstance(preemption, str):
            name = self._snapshot.names[preemption.slot]
            return Unfit(message, diagnosis.plugins, name, preemption.victims, idle)
        unfit = Unfit(
            f"{message} {NO_CLAIMS if idle is None else DEALLOCATED}, preemption: {preemption}",
            diagnosis.plugins,
            None if preemption in (NEVER, WAITING) else "",
            idle_claim=idle,
        )
        # The preemption moved pods to and fro; the position is read again.
        state = (*state[:2], self._snapshot.changes.position, *state[3:])
        self._failed = (state, unfit)
        return unfit

    def _reasons_on(self, subject: Subject, profile: Profile, slot: int) -> tuple[str, ...]:
        slots = np.array([slot], dtype=np.intp)
        reasons = diagnose(self._snapshot, profile, subject.shape, slots).reasons
        return tuple(reason for reason, count in reasons.items() if count)
