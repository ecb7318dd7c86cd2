"""Watches StatefulSets, their pods and claims, and the history of their templates."""

from collections.abc import Iterable

from msgspec.structs import replace

from controller_manager.adoption import adopters, index_orphans, orphans_of, surely_there
from controller_manager.refusals import is_namespace_ending
from controller_manager.revisions import is_other
from controller_manager.statefulset.decide import decide
from controller_manager.statefulset.identity import (
    claim_names,
    is_member,
    ordinal_of,
    ordinals_of,
)
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, ConflictError
from knarr.api.keys import Key
from knarr.api.plan import Plan
from knarr.api.selectors import Selector, from_object
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner
from knarr.daemon.clock import Clock


class StatefulSetController:
    """Takes StatefulSets a step further."""

    name = "statefulset"

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._stateful_sets = informers.of(StatefulSet)
        self._pods = informers.of(Pod)
        self._claims = informers.of(PersistentVolumeClaim)
        self._revisions = informers.of(ControllerRevision)
        self._recorder = recorder
        self._clock = clock
        index_orphans(self._pods)
        index_orphans(self._revisions)
        feed(self.queue, self._stateful_sets)
        feed(self.queue, self._pods, owner("StatefulSet"))
        feed(self.queue, self._pods, each(adopters(self._stateful_sets, _selector_of)))
        feed(self.queue, self._pods, each(self._namesakes))
        feed(self.queue, self._revisions, owner("StatefulSet"))
        feed(self.queue, self._claims, each(self._users))

    async def reconcile(self, key: Key) -> float | None:
        """Take one StatefulSet a step further."""
        stateful_set = self._stateful_sets.objects.get(key)
        if stateful_set is None:
            return None
        orphans = self._orphans(stateful_set)
        revisions = self._history(stateful_set)
        if orphans or any(not each.metadata.owner_references for each in revisions):
            await surely_there(self._client, stateful_set)
        pods = (*self._pods.owned_by(stateful_set.metadata.uid), *orphans)
        plan = decide(
            stateful_set,
            pods,
            revisions=revisions,
            claims=self._claims_of(stateful_set, pods),
            now=self._clock.now(),
        )
        return await self._carry_out(stateful_set, plan)

    async def _carry_out(self, stateful_set: StatefulSet, plan: Plan) -> float | None:
        copies = (self._stateful_sets, self._pods, self._claims, self._revisions)
        if self._is_name_taken(plan):
            plan = Plan(status=_with_collision(stateful_set))
        try:
            return await carry_out(plan, self._client, *copies, recorder=self._recorder)
        except ConflictError:
            raise
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            if error.code < 500 and plan.status is not None:
                await carry_out(Plan(status=plan.status), self._client, *copies)
            raise

    def _orphans(self, stateful_set: StatefulSet) -> list[Pod]:
        if stateful_set.metadata.deletion_timestamp is not None:
            return []
        namespace = stateful_set.metadata.namespace
        found = orphans_of(self._pods, namespace, _selector_of(stateful_set))
        return [pod for pod in found if is_member(stateful_set, pod)]

    def _history(self, stateful_set: StatefulSet) -> list[ControllerRevision]:
        owned = self._revisions.owned_by(stateful_set.metadata.uid)
        if stateful_set.metadata.deletion_timestamp is not None:
            return list(owned)
        namespace = stateful_set.metadata.namespace
        return [*owned, *orphans_of(self._revisions, namespace, _selector_of(stateful_set))]

    def _claims_of(
        self, stateful_set: StatefulSet, pods: Iterable[Pod]
    ) -> dict[str, PersistentVolumeClaim]:
        """The claims that its pods use, wanted ones and others."""
        if not stateful_set.spec.volume_claim_templates:
            return {}
        ordinals = {*ordinals_of(stateful_set), *map(ordinal_of, pods)}
        found = {}
        for ordinal in ordinals:
            for name in claim_names(stateful_set, ordinal):
                claim = self._claims.objects.get(Key(stateful_set.metadata.namespace, name))
                if claim is not None:
                    found[name] = claim
        return found

    def _is_name_taken(self, plan: Plan) -> bool:
        """Whether another template's revision has the name that the new one would get."""
        return any(
            isinstance(made, ControllerRevision)
            and is_other(
                made,
                self._revisions.objects.get(Key(made.metadata.namespace, made.metadata.name)),
            )
            for made in plan.ensure
        )

    def _namesakes(self, pod: Pod) -> Iterable[Key]:
        """The StatefulSet whose ordinal a pod has, be it its own or one in the way."""
        name, _, _ = pod.metadata.name.rpartition("-")
        key = Key(pod.metadata.namespace, name)
        is_there = self._stateful_sets.is_listed and key in self._stateful_sets.objects
        return (key,) if is_there else ()

    def _users(self, claim: PersistentVolumeClaim) -> Iterable[Key]:
        """The StatefulSets that a claim may belong to, by its name TEMPLATE-SET-ORDINAL."""
        if not self._stateful_sets.is_listed:
            return
        words = claim.metadata.name.split("-")
        for start in range(1, len(words) - 1):
            key = Key(claim.metadata.namespace, "-".join(words[start:-1]))
            if key in self._stateful_sets.objects:
                yield key


def _selector_of(stateful_set: StatefulSet) -> Selector:
    return from_object(stateful_set.spec.selector)


def _with_collision(stateful_set: StatefulSet) -> StatefulSet:
    count = (stateful_set.status.collision_count or 0) + 1
    return replace(stateful_set, status=replace(stateful_set.status, collision_count=count))
