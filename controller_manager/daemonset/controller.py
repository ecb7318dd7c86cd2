"""Watches DaemonSets, their pods and history, and the nodes."""

from collections.abc import Iterable

from msgspec.structs import replace

from controller_manager.adoption import adopters, index_orphans, orphans_of, surely_there
from controller_manager.backoff import Backoff
from controller_manager.daemonset.decide import decide
from controller_manager.daemonset.placement import may_run, node_of
from controller_manager.refusals import is_namespace_ending
from controller_manager.revisions import is_other
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.daemon_set import DaemonSet
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, ConflictError
from knarr.api.keys import Key
from knarr.api.plan import Plan
from knarr.api.selectors import Selector, from_object
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner
from knarr.daemon.clock import Clock

FAILED_POD_WAIT_S = 1.0
"""A failed pod of a node stays so long before it is replaced; twice as long each time."""

FAILED_POD_WAIT_MAX_S = 15 * 60.0
"""The longest it stays."""


class DaemonSetController:
    """Takes DaemonSets a step further."""

    name = "daemonset"

    def __init__(
        self, client: Client, informers: Informers, recorder: EventRecorder, clock: Clock
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._daemon_sets = informers.of(DaemonSet)
        self._pods = informers.of(Pod)
        self._nodes = informers.of(Node)
        self._revisions = informers.of(ControllerRevision)
        self._recorder = recorder
        self._clock = clock
        self._failed = Backoff(FAILED_POD_WAIT_S, FAILED_POD_WAIT_MAX_S)
        index_orphans(self._pods)
        index_orphans(self._revisions)
        feed(self.queue, self._daemon_sets)
        feed(self.queue, self._pods, owner("DaemonSet"))
        feed(self.queue, self._pods, each(adopters(self._daemon_sets, _selector_of)))
        feed(self.queue, self._revisions, owner("DaemonSet"))
        feed(self.queue, self._nodes, self._concerned)

    async def reconcile(self, key: Key) -> float | None:
        """Take one DaemonSet a step further."""
        daemon_set = self._daemon_sets.objects.get(key)
        if daemon_set is None:
            return None
        orphans = self._orphans(daemon_set)
        revisions = self._history(daemon_set)
        if orphans or any(not each.metadata.owner_references for each in revisions):
            await surely_there(self._client, daemon_set)
        now = self._clock.now()
        pods = (*self._pods.owned_by(daemon_set.metadata.uid), *orphans)
        plan = decide(
            daemon_set,
            pods,
            revisions=revisions,
            nodes=self._nodes.objects.values(),
            waiting={
                node_of(pod): self._failed.left(_place(daemon_set, pod), now)
                for pod in pods
                if pod.status.phase == "Failed"
            },
            now=now,
        )
        for gone in plan.delete:
            if isinstance(gone, Pod) and gone.status.phase == "Failed":
                self._failed.failed(_place(daemon_set, gone), now)
        return await self._carry_out(daemon_set, plan)

    async def _carry_out(self, daemon_set: DaemonSet, plan: Plan) -> float | None:
        copies = (self._daemon_sets, self._pods, self._revisions)
        if any(is_other(made, self._revisions.objects.get(key_of(made))) for made in _made(plan)):
            plan = Plan(status=_with_collision(daemon_set))
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

    def _orphans(self, daemon_set: DaemonSet) -> list[Pod]:
        if daemon_set.metadata.deletion_timestamp is not None:
            return []
        namespace = daemon_set.metadata.namespace
        return orphans_of(self._pods, namespace, _selector_of(daemon_set))

    def _history(self, daemon_set: DaemonSet) -> list[ControllerRevision]:
        owned = self._revisions.owned_by(daemon_set.metadata.uid)
        if daemon_set.metadata.deletion_timestamp is not None:
            return list(owned)
        namespace = daemon_set.metadata.namespace
        return [*owned, *orphans_of(self._revisions, namespace, _selector_of(daemon_set))]

    def _concerned(self, old: Node | None, new: Node | None) -> Iterable[Key]:
        """The DaemonSets to which a change of a node makes a difference: not heartbeats."""
        if not self._daemon_sets.is_listed:
            return ()
        if old is not None and new is not None and _is_alike(old, new):
            return ()
        return tuple(
            key
            for key, daemon_set in self._daemon_sets.objects.items()
            if _place_for(daemon_set, old) != _place_for(daemon_set, new)
        )


def _is_alike(old: Node, new: Node) -> bool:
    return old.metadata.labels == new.metadata.labels and old.spec.taints == new.spec.taints


def _place_for(daemon_set: DaemonSet, node: Node | None) -> tuple[bool, bool] | None:
    return may_run(daemon_set, node) if node is not None else None


def _made(plan: Plan) -> Iterable[ControllerRevision]:
    return (made for made in plan.ensure if isinstance(made, ControllerRevision))


def _place(daemon_set: DaemonSet, pod: Pod) -> str:
    return f"{daemon_set.metadata.uid}/{node_of(pod)}"


def _selector_of(daemon_set: DaemonSet) -> Selector:
    return from_object(daemon_set.spec.selector)


def _with_collision(daemon_set: DaemonSet) -> DaemonSet:
    count = (daemon_set.status.collision_count or 0) + 1
    return replace(daemon_set, status=replace(daemon_set.status, collision_count=count))
