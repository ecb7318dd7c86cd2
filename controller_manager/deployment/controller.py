"""Watches Deployments and the ReplicaSets they own."""

from collections.abc import Iterable

from controller_manager.adoption import adopters, index_orphans, orphans_of, surely_there
from controller_manager.deployment.decide import decide, decide_after_failure
from controller_manager.refusals import is_namespace_ending
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, ConflictError
from knarr.api.keys import Key
from knarr.api.owners import controller_of
from knarr.api.pods import is_over
from knarr.api.selectors import Selector, from_object
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner
from knarr.daemon.clock import Clock


class DeploymentController:
    """Watches Deployments, their ReplicaSets and, for Recreate, the end of their pods."""

    name = "deployment"

    def __init__(  # it watches three kinds
        self,
        client: Client,
        deployments: Informer[Deployment],
        replica_sets: Informer[ReplicaSet],
        pods: Informer[Pod],
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._deployments = deployments
        self._replica_sets = replica_sets
        self._pods = pods
        self._recorder = recorder
        self._clock = clock
        index_orphans(replica_sets)
        feed(self.queue, deployments)
        feed(self.queue, replica_sets, owner("Deployment"))
        feed(self.queue, replica_sets, each(adopters(deployments, _selector_of)))
        feed(self.queue, pods, self._waiting_for_the_end)

    async def reconcile(self, key: Key) -> float | None:
        """Take one Deployment a step further."""
        deployment = self._deployments.objects.get(key)
        if deployment is None:
            return None
        owned = self._replica_sets.owned_by(deployment.metadata.uid)
        orphans = self._orphans(deployment)
        if orphans:
            await surely_there(self._client, deployment)
        now = self._clock.now()
        occupied = self._occupied(owned) if _is_recreate(deployment) else frozenset()
        plan = decide(deployment, (*owned, *orphans), occupied=occupied, now=now)
        copies = (self._deployments, self._replica_sets)
        try:
            return await carry_out(plan, self._client, *copies, recorder=self._recorder)
        except ConflictError:
            raise
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            if error.code < 500 and plan.create:
                told = decide_after_failure(deployment, plan, error, now=now)
                await carry_out(told, self._client, *copies, recorder=self._recorder)
            raise

    def _orphans(self, deployment: Deployment) -> list[ReplicaSet]:
        if deployment.metadata.deletion_timestamp is not None:
            return []
        selector = _selector_of(deployment)
        return orphans_of(self._replica_sets, deployment.metadata.namespace, selector)

    def _occupied(self, replica_sets: Iterable[ReplicaSet]) -> frozenset[str]:
        """The uids of the ReplicaSets with pods that are not over yet."""
        uids = (replica_set.metadata.uid for replica_set in replica_sets)
        return frozenset(uid for uid in uids if not all(map(is_over, self._pods.owned_by(uid))))

    def _waiting_for_the_end(self, old: Pod | None, new: Pod | None) -> Iterable[Key]:
        """The Recreate Deployment whose pod has ended."""
        if old is None or (new is not None and not is_over(new)):
            return ()
        replica_set_owner = controller_of(old)
        if replica_set_owner is None or not self._replica_sets.is_listed:
            return ()
        namespace = old.metadata.namespace
        replica_set = self._replica_sets.objects.get(Key(namespace, replica_set_owner.name))
        deployment_owner = None if replica_set is None else controller_of(replica_set)
        if deployment_owner is None or not self._deployments.is_listed:
            return ()
        key = Key(namespace, deployment_owner.name)
        deployment = self._deployments.objects.get(key)
        return (key,) if deployment is not None and _is_recreate(deployment) else ()


def _selector_of(deployment: Deployment) -> Selector:
    return from_object(deployment.spec.selector)


def _is_recreate(deployment: Deployment) -> bool:
    return deployment.spec.strategy.type == "Recreate"
