"""Looks at each HorizontalPodAutoscaler every so often: numbers do not announce themselves."""

from collections.abc import Sequence
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from controller_manager.custom_kinds import CustomKinds
from controller_manager.labelled import index_labels, labelled
from controller_manager.podautoscaler.behavior import Past
from controller_manager.podautoscaler.decide import (
    Decision,
    ambiguous,
    bad_selector,
    begin,
    judge,
    no_selector,
    not_scaled,
    scaled,
    unreachable,
)
from controller_manager.podautoscaler.measure import MeasureError, Proposal, Subject, measure
from controller_manager.podautoscaler.metrics import MetricsSource
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
)
from knarr.api.autoscaling.scale import Scale
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError, NotFoundError
from knarr.api.keys import Key
from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN
from knarr.api.plan import Plan
from knarr.api.selectors import Selector, SelectorError, parse
from knarr.api.structs import ApiStruct
from knarr.api.tags import tag_type
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.daemon.clock import Clock


class _Target(Struct, frozen=True):
    """What is scaled, as its `scale` shows it."""

    type: type[ApiStruct]
    key: Key
    scale: Scale

    @property
    def size(self) -> int:
        """How many pods are wanted."""
        return self.scale.spec.replicas


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
        custom: CustomKinds,
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
        self._custom = custom
        self._past: dict[str, Past] = {}
        self._selectors: dict[Key, Selector] = {}
        """Which pods each autoscaler scales."""
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
            self._selectors.pop(key_of(old), None)

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
            target = await self._target_of(autoscaler)
        except (ApiError, LookupError) as error:
            return unreachable(autoscaler, str(error.args[0]), now)
        past = self._past.get(autoscaler.metadata.uid, Past())
        decision, needs_metrics = begin(autoscaler, target.size, past, now)
        if needs_metrics:
            await self._judge(decision, target)
        if decision.size is not None:
            await self._resize(decision, target)
        return decision

    async def _target_of(self, autoscaler: HorizontalPodAutoscaler) -> _Target:
        """What is scaled. Raise LookupError for a kind nobody knows, NotFoundError."""
        reference = autoscaler.spec.scale_target_ref
        kind = self._kind_of(reference)
        if all(each.name != "scale" for each in kind.subresources):
            raise NotFoundError("the server could not find the requested resource")
        object_type = tag_type(kind)
        key = Key(autoscaler.metadata.namespace, reference.name)
        scale = await self._client.part(object_type, key, "scale", Scale)
        return _Target(object_type, key, scale)

    def _kind_of(self, reference: CrossVersionObjectReference) -> Kind:
        group = reference.api_version.rpartition("/")[0]
        for kind in chain(BUILT_IN, self._custom):
            if (kind.group, kind.name) == (group, reference.kind):
                return kind
        raise LookupError(f'no matches for kind "{reference.kind}" in group "{group}"')

    async def _judge(self, decision: Decision, target: _Target) -> None:
        autoscaler, text = decision.autoscaler, target.scale.status.selector
        if not text:
            no_selector(decision, target.size)
            return
        try:
            selector = parse(text)
        except SelectorError as error:
            bad_selector(decision, target.size, str(error))
            return
        pods = labelled(self._pods, autoscaler.metadata.namespace, selector)
        self._selectors[key_of(autoscaler)] = selector
        rivals = self._rivals(autoscaler.metadata.namespace, pods)
        if len(rivals) > 1:
            ambiguous(decision, target.size, text, rivals)
            return
        found, now = target.scale.status.replicas, self._clock.now()
        subject = Subject(autoscaler, selector, pods, target.size, now, found)
        judge(decision, await self._measured(subject), target.size)

    def _rivals(self, namespace: str, pods: Sequence[Pod]) -> list[Key]:
        """Whose selectors choose any of the pods; with one autoscaler that is itself."""
        return sorted(
            key
            for key, selector in self._selectors.items()
            if key.namespace == namespace
            and any(selector.matches(pod.metadata.labels) for pod in pods)
        )

    async def _measured(self, subject: Subject) -> list[Proposal | MeasureError]:
        results: list[Proposal | MeasureError] = []
        for spec in subject.autoscaler.spec.metrics:
            try:
                results.append(await measure(subject, spec, self._source))
            except MeasureError as error:
                results.append(error)
        return results

    async def _resize(self, decision: Decision, target: _Target) -> None:
        change = {"spec": {"replicas": decision.size}}
        try:
            await self._client.patch(target.type, target.key, change, subresource="scale")
        except ApiError as error:
            not_scaled(decision, str(error))
        else:
            scaled(decision, target.size)
