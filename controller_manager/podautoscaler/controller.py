"""Looks at each HorizontalPodAutoscaler every so often: numbers do not announce themselves."""

from msgspec import Struct
from msgspec.structs import replace

from controller_manager.labelled import index_labels, labelled
from controller_manager.podautoscaler.behavior import Past
from controller_manager.podautoscaler.decide import (
    Decision,
    begin,
    judge,
    not_scaled,
    scaled,
    unreachable,
)
from controller_manager.podautoscaler.measure import MeasureError, Proposal, Subject, measure
from controller_manager.podautoscaler.metrics import MetricsSource
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.autoscaling.horizontal_pod_autoscaler import HorizontalPodAutoscaler
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import ReplicationController
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.api.plan import Plan
from knarr.api.selectors import Selector, from_object, matching
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.daemon.clock import Clock

Target = Deployment | ReplicaSet | StatefulSet | ReplicationController

_TARGETS: dict[str, type[Target]] = {
    "Deployment": Deployment,
    "ReplicaSet": ReplicaSet,
    "StatefulSet": StatefulSet,
    "ReplicationController": ReplicationController,
}


class _Scale(Struct, frozen=True):
    kind: type[Target]
    key: Key
    size: int
    selector: Selector


class HorizontalPodAutoscalerController:
    """Gives workloads the size that their metrics call for."""

    name = "horizontal-pod-autoscaler"

    def __init__(
        self,
        client: Client,
        informers: Informers,
        recorder: EventRecorder,
        clock: Clock,
        source: MetricsSource,
        *,
        period_s: float,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._autoscalers = informers.of(HorizontalPodAutoscaler)
        self._pods = informers.of(Pod)
        self._recorder = recorder
        self._clock = clock
        self._source = source
        self._period_s = period_s
        self._past: dict[str, Past] = {}
        index_labels(self._pods)
        self._autoscalers.handle(self._changed)

    def _changed(
        self, old: HorizontalPodAutoscaler | None, new: HorizontalPodAutoscaler | None
    ) -> None:
        """A new one is looked at after a period; then each look asks for the next."""
        if old is None and new is not None:
            self.queue.add_after(key_of(new), self._period_s)
        elif new is None and old is not None:
            self._past.pop(old.metadata.uid, None)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one autoscaler."""
        autoscaler = self._autoscalers.objects.get(key)
        if autoscaler is None:
            return None
        decision = await self._decided(autoscaler)
        self._past[autoscaler.metadata.uid] = decision.past
        changed = replace(autoscaler, status=decision.status)
        plan = Plan(
            status=changed if decision.status != autoscaler.status else None,
            notices=tuple(decision.notices),
            again_after_s=self._period_s,
        )
        return await carry_out(plan, self._client, self._autoscalers, recorder=self._recorder)

    async def _decided(self, autoscaler: HorizontalPodAutoscaler) -> Decision:
        now = self._clock.now()
        try:
            scale = await self._scale_of(autoscaler)
        except (ApiError, LookupError) as error:
            return unreachable(autoscaler, str(error), now)
        past = self._past.get(autoscaler.metadata.uid, Past())
        decision, needs_metrics = begin(autoscaler, scale.size, past, now)
        if needs_metrics:
            decision = judge(decision, await self._measured(autoscaler, scale), scale.size)
        if decision.size is not None:
            await self._resize(decision, scale)
        return decision

    async def _scale_of(self, autoscaler: HorizontalPodAutoscaler) -> _Scale:
        reference = autoscaler.spec.scale_target_ref
        kind = _TARGETS.get(reference.kind)
        if kind is None:
            group = reference.api_version.partition("/")[0]
            raise LookupError(f'no matches for kind "{reference.kind}" in group "{group}"')
        key = Key(autoscaler.metadata.namespace, reference.name)
        found = await self._client.get(kind, key)
        if isinstance(found, ReplicationController):
            selector = matching(found.spec.selector)
        else:
            selector = from_object(found.spec.selector)
        return _Scale(kind, key, found.spec.replicas or 0, selector)

    async def _measured(
        self, autoscaler: HorizontalPodAutoscaler, scale: _Scale
    ) -> list[Proposal | MeasureError]:
        pods = labelled(self._pods, autoscaler.metadata.namespace, scale.selector)
        subject = Subject(autoscaler, scale.selector, pods, scale.size, self._clock.now())
        results: list[Proposal | MeasureError] = []
        for spec in autoscaler.spec.metrics:
            try:
                results.append(await measure(subject, spec, self._source))
            except MeasureError as error:
                results.append(error)
        return results

    async def _resize(self, decision: Decision, scale: _Scale) -> None:
        try:
            await self._client.patch(scale.kind, scale.key, {"spec": {"replicas": decision.size}})
        except ApiError as error:
            not_scaled(decision, str(error))
        else:
            scaled(decision, scale.size)
