"""Watches pods that claim devices, the templates of their claims, and the claims."""

from collections.abc import Iterable
from typing import Literal

from controller_manager.refusals import is_namespace_ending
from controller_manager.resourceclaim.decide import (
    claim_names,
    decide_claim,
    decide_pod,
    template_names,
)
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.api.owners import controller_of
from knarr.api.plan import Plan
from knarr.api.resource.dynamic_resources import ResourceClaim, ResourceClaimTemplate
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed

_BY_TEMPLATE = "template"

Wanted = tuple[Literal["pod", "claim"], Key]
"""What to look at."""


class ResourceClaimController:
    """Makes claims from templates and gives devices back that nobody uses."""

    name = "resourceclaim"

    def __init__(self, client: Client, informers: Informers, recorder: EventRecorder) -> None:
        self.queue: WorkQueue[Wanted] = WorkQueue(self.name)
        self._client = client
        self._pods = informers.of(Pod)
        self._claims = informers.of(ResourceClaim)
        self._templates = informers.of(ResourceClaimTemplate)
        self._recorder = recorder
        self._pods.index(_BY_TEMPLATE, lambda pod: map(str, _templates_of(pod)))
        feed(self.queue, self._pods, each(_wanted_by_pod))
        feed(self.queue, self._claims, each(_wanted_by_claim))
        feed(self.queue, self._templates, each(self._wanted_by_template))

    async def reconcile(self, key: Wanted) -> float | None:
        """Look at one pod, or at one claim."""
        kind, name = key
        plan = self._plan_pod(name) if kind == "pod" else await self._plan_claim(name)
        try:
            return await carry_out(
                plan, self._client, self._claims, self._pods, recorder=self._recorder
            )
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise

    def _plan_pod(self, key: Key) -> Plan:
        pod = self._pods.objects.get(key)
        if pod is None:
            return Plan()
        templates = {
            name: self._templates.objects[Key(key.namespace, name)]
            for name in template_names(pod).values()
            if Key(key.namespace, name) in self._templates.objects
        }
        return decide_pod(pod, templates, self._claims.owned_by(pod.metadata.uid))

    async def _plan_claim(self, key: Key) -> Plan:
        claim = self._claims.objects.get(key)
        if claim is None:
            return Plan()
        pods = self._users(claim)
        if len(pods) < len(claim.status.reserved_for):
            # A user we do not know may be too new for our copy.
            await self._pods.caught_up(await self._client.revision_now(Pod))
            pods = self._users(claim)
        reference = controller_of(claim)
        owner = self._pods.objects.get(Key(key.namespace, reference.name)) if reference else None
        if owner is not None and reference is not None and owner.metadata.uid != reference.uid:
            owner = None
        return decide_claim(claim, pods, owner)

    def _users(self, claim: ResourceClaim) -> dict[str, Pod]:
        namespace = claim.metadata.namespace
        found = (
            self._pods.objects.get(Key(namespace, each.name)) for each in claim.status.reserved_for
        )
        return {pod.metadata.uid: pod for pod in found if pod is not None}

    def _wanted_by_template(self, template: ResourceClaimTemplate) -> Iterable[Wanted]:
        return [("pod", key_of(pod)) for pod in self._pods.by(_BY_TEMPLATE, str(key_of(template)))]


def _templates_of(pod: Pod) -> Iterable[Key]:
    return [Key(pod.metadata.namespace, name) for name in template_names(pod).values()]


def _wanted_by_pod(pod: Pod) -> Iterable[Wanted]:
    if not pod.spec.resource_claims:
        return ()
    claims: list[Wanted] = [
        ("claim", Key(pod.metadata.namespace, name)) for name in claim_names(pod)
    ]
    return (("pod", key_of(pod)), *claims)


def _wanted_by_claim(claim: ResourceClaim) -> Iterable[Wanted]:
    reference = controller_of(claim)
    owner: list[Wanted] = []
    if reference is not None and reference.kind == "Pod":
        owner = [("pod", Key(claim.metadata.namespace, reference.name))]
    return (("claim", key_of(claim)), *owner)
