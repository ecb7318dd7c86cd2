"""Watches Services that want an address from outside."""

import asyncio
from collections.abc import Sequence

from controller_manager.loadbalancer.decide import decide
from knarr.api.core.service import Service
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed


class LoadBalancerController:
    """Keeps the addresses of a pool with the Services that have them."""

    name = "service-lb-controller"

    def __init__(
        self,
        client: Client,
        services: Informer[Service],
        recorder: EventRecorder,
        pool: Sequence[str],
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._services = services
        self._recorder = recorder
        self._pool = pool
        self._one_at_a_time = asyncio.Lock()
        services.index("load-balancer", _wants)
        feed(self.queue, services, self._touched)

    async def reconcile(self, key: Key) -> float | None:
        """Give one Service its address."""
        service = self._services.objects.get(key)
        if service is None or not self._pool:
            return None  # Without a pool somebody else gives addresses, or nobody.
        async with self._one_at_a_time:
            return await self._assign(service)

    async def _assign(self, service: Service) -> float | None:
        wanting = self._services.by("load-balancer", "yes")
        others = [one for one in wanting if one.metadata.uid != service.metadata.uid]
        plan = decide(service, others, self._pool)
        return await carry_out(plan, self._client, self._services, recorder=self._recorder)

    def _touched(self, old: Service | None, new: Service | None) -> Sequence[Key]:
        keys = [_key(new)] if new is not None and (_wants(new) or _has_address(new)) else []
        if old is not None and _wants(old) and (new is None or not _wants(new)):
            # An address may have come free for those without.
            keys += [_key(one) for one in self._services.by("load-balancer", "yes")]
        return keys


def _wants(service: Service) -> tuple[str, ...]:
    return ("yes",) if service.spec.type == "LoadBalancer" else ()


def _has_address(service: Service) -> bool:
    return bool(service.status.load_balancer.ingress)


def _key(service: Service) -> Key:
    return Key(service.metadata.namespace, service.metadata.name)
