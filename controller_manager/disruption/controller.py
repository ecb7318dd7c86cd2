"""Watches budgets, pods, and who controls these."""

from collections.abc import Iterable, Sequence
from typing import Any

from controller_manager.disruption.decide import decide
from controller_manager.labelled import index_labels, labelled, pairs_of
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.keys import Key
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.owners import controller_of
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget
from knarr.api.selectors import from_object
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed
from knarr.daemon.clock import Clock

Sized = Deployment | ReplicaSet | ReplicationController | StatefulSet


_BY_SELECTOR = "selector"
"""The index of budgets by a label of the pods they mean."""


class DisruptionController:
    """Keeps the counts of PodDisruptionBudgets."""

    name = "disruption"

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._budgets = informers.of(PodDisruptionBudget)
        self._pods = informers.of(Pod)
        self._owners: dict[str, Informer[Any]] = {
            "Deployment": informers.of(Deployment),
            "ReplicaSet": informers.of(ReplicaSet),
            "ReplicationController": informers.of(ReplicationController),
            "StatefulSet": informers.of(StatefulSet),
        }
        self._recorder = recorder
        self._clock = clock
        index_labels(self._pods)
        self._budgets.index(_BY_SELECTOR, _place_of)
        feed(self.queue, self._budgets)
        feed(self.queue, self._pods, each(self._budgets_of))
        for owners in self._owners.values():
            owners.handle(self._resized)

    async def reconcile(self, key: Key) -> float | None:
        """Count the pods of one budget."""
        budget = self._budgets.objects.get(key)
        if budget is None or budget.metadata.deletion_timestamp is not None:
            return None
        pods = labelled(self._pods, key.namespace, from_object(budget.spec.selector))
        plan = decide(budget, pods, self._sizes(pods), now=self._clock.now())
        return await carry_out(plan, self._client, self._budgets, recorder=self._recorder)

    def _sizes(self, pods: Sequence[Pod]) -> dict[str, int]:
        """How many pods are wanted, by the uid of the controller that the pods name."""
        sizes: dict[str, int] = {}
        counted: dict[str, None] = {}
        for pod in pods:
            reference = controller_of(pod)
            if reference is None or reference.uid in sizes:
                continue
            top = self._top(pod.metadata.namespace, reference)
            if top is None:
                continue
            # Two ReplicaSets of one Deployment have its size together.
            sizes[reference.uid] = 0 if top.metadata.uid in counted else top.spec.replicas or 0
            counted[top.metadata.uid] = None
        return sizes

    def _top(self, namespace: str, reference: OwnerReference) -> Sized | None:
        """The controller that says how many: of a ReplicaSet its Deployment, if it has one."""
        owners = self._owners.get(reference.kind)
        key = Key(namespace, reference.name)
        found: Sized | None = None if owners is None else owners.objects.get(key)
        if found is None or found.metadata.uid != reference.uid:
            return None
        above = controller_of(found)
        return found if above is None else self._top(namespace, above) or found

    def _budgets_of(self, pod: Pod) -> Iterable[Key]:
        if not self._budgets.is_listed:
            return ()
        return [
            key_of(budget)
            for place in (pod.metadata.namespace, *pairs_of(pod))
            for budget in self._budgets.by(_BY_SELECTOR, place)
            if from_object(budget.spec.selector).matches(pod.metadata.labels)
        ]

    def _resized(self, old: Sized | None, new: Sized | None) -> None:
        """Look at all budgets of a namespace when somebody in it wants another number of pods."""
        if old is None or not self._budgets.is_listed:
            return
        if new is None or new.spec.replicas != old.spec.replicas:
            for budget in self._budgets.in_namespace(old.metadata.namespace):
                self.queue.add(key_of(budget))


def _place_of(budget: PodDisruptionBudget) -> Iterable[str]:
    """A label that a pod it means must have, or else its namespace."""
    namespace = budget.metadata.namespace
    exact = from_object(budget.spec.selector).exact
    return (f"{namespace}/{exact[0][0]}={exact[0][1]}" if exact else namespace,)
