"""Watches ReplicaSets or ReplicationControllers and the pods they own."""

from typing import Generic

from controller_manager.adoption import adopters, index_orphans, orphans_of, surely_there
from controller_manager.refusals import is_namespace_ending
from controller_manager.replicaset.decide import decide, decide_after_failure, selector_of
from controller_manager.replicaset.status import Owner
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.errors import ApiError, ConflictError
from knarr.api.keys import Key
from knarr.api.owners import controller_of
from knarr.api.pods import is_active
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner
from knarr.daemon.clock import Clock


class PodSetController(Generic[Owner]):
    """Keeps as many pods as each owner of one kind asks for."""

    name = ""

    def __init__(
        self,
        client: Client,
        owners: Informer[Owner],
        pods: Informer[Pod],
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._owners: Informer[Owner] = owners
        self._pods = pods
        self._recorder = recorder
        self._clock = clock
        index_orphans(pods)
        feed(self.queue, owners)
        feed(self.queue, pods, owner(owners.object_type.__name__))
        feed(self.queue, pods, each(adopters(owners, selector_of)))

    async def reconcile(self, key: Key) -> float | None:
        """Make the pods of one owner match its spec."""
        found = self._owners.objects.get(key)
        return await self._match(found) if found is not None else None

    async def _match(self, found: Owner) -> float | None:
        orphans: list[Pod] = self._orphans(found)
        if orphans:
            await surely_there(self._client, found)
        now = self._clock.now()
        candidates = (*self._pods.owned_by(found.metadata.uid), *orphans)
        plan = decide(found, candidates, related=self._related(found, candidates), now=now)
        copies = (self._owners, self._pods)
        try:
            return await carry_out(plan, self._client, *copies, recorder=self._recorder)
        except ConflictError:
            raise
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            if error.code < 500 and (plan.create or plan.delete):
                pods = (*self._pods.owned_by(found.metadata.uid), *self._orphans(found))
                told = decide_after_failure(found, pods, plan, str(error), now=now)
                await carry_out(told, self._client, *copies)
            raise

    def _orphans(self, found: Owner) -> list[Pod]:
        if found.metadata.deletion_timestamp is not None:
            return []
        return orphans_of(self._pods, found.metadata.namespace, selector_of(found))

    def _related(self, found: Owner, candidates: tuple[Pod, ...]) -> list[Pod]:
        """The pods of the owner's siblings, which only matter when some must go."""
        return []


class ReplicaSetController(PodSetController[ReplicaSet]):
    """Watches ReplicaSets and the pods they own."""

    name = "replicaset"

    def _related(self, found: ReplicaSet, candidates: tuple[Pod, ...]) -> list[Pod]:
        deployment = controller_of(found)
        too_many = sum(map(is_active, candidates)) > (found.spec.replicas or 0)
        if deployment is None or not too_many:
            return []
        siblings = self._owners.owned_by(deployment.uid)
        return [pod for sibling in siblings for pod in self._pods.owned_by(sibling.metadata.uid)]


class ReplicationControllerController(PodSetController[ReplicationController]):
    """Watches ReplicationControllers and the pods they own."""

    name = "replicationcontroller"
