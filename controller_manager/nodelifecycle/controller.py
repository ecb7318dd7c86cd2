"""Watches nodes, their Leases, and the pods on them."""

import asyncio
from datetime import timedelta
from typing import Any

from controller_manager.nodelifecycle.decide import decide, is_healthy, wants_eviction
from controller_manager.nodelifecycle.zones import Zones, zone_of
from knarr.api.coordination.lease import Lease
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import Clock

LEASES = "kube-node-lease"
"""The namespace in which kubelets renew a Lease of their node's name."""

DISRUPTED_AGAIN_AFTER_S = 20.0
"""In a zone that may not lose pods at all the question is put again after this."""


class NodeLifecycleController:
    """Listens for the nodes' signs of life."""

    name = "nodelifecycle"

    def __init__(  # it watches three kinds
        self,
        client: Client,
        nodes: Informer[Node],
        leases: Informer[Lease],
        pods: Informer[Pod],
        recorder: EventRecorder,
        clock: Clock,
        *,
        grace_s: float,
        rate: float,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._nodes = nodes
        self._pods = pods
        self._recorder = recorder
        self._clock = clock
        self._grace_s = grace_s
        self._zones = Zones(rate)
        self._heard: dict[str, tuple[Any, float]] = {}
        """The last sign of each node's life, and when by the loop's time: clocks are set."""
        feed(self.queue, nodes)
        nodes.handle(self._node_changed)
        leases.handle(self._lease_changed)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one node."""
        node = self._nodes.objects.get(key)
        if node is None:
            return None
        name = key.name
        now, now_s = self._clock.now(), asyncio.get_running_loop().time()
        silent_s = now_s - self._heard[name][1]
        wait_s = self._zones.wait_s(name, now_s) if wants_eviction(node) else 0.0
        may_evict = wait_s is not None and wait_s <= 0
        plan = decide(
            node,
            () if is_healthy(node) and silent_s < self._grace_s else self._pods.on_node(name),
            heard_at=now - timedelta(seconds=silent_s),
            grace_s=self._grace_s,
            may_evict=may_evict,
            now=now,
        )
        if may_evict and wants_eviction(node):
            self._zones.take_turn(name, now_s)
        again_after_s = await carry_out(
            plan, self._client, self._nodes, self._pods, recorder=self._recorder
        )
        if not may_evict:
            return DISRUPTED_AGAIN_AFTER_S if wait_s is None else wait_s
        return again_after_s

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        node = new or old
        assert node is not None, "a change has an object before or after"
        name = node.metadata.name
        if new is None:
            self._zones.remove(name)
            self._heard.pop(name, None)
            message = f"Node {name} event: Removing Node {name} from Controller"
            self._recorder.event(node, "RemovingNode", message)
            return
        self._zones.put(name, zone_of(new.metadata.labels), healthy=is_healthy(new))
        if old is None:
            message = f"Node {name} event: Registered Node {name} in Controller"
            self._recorder.event(new, "RegisteredNode", message)
        # Our own words about a silent node are no sign of life.
        signs = tuple(each.last_heartbeat_time for each in new.status.conditions)
        before = self._heard.get(name)
        if before is None or before[0] != signs:
            self._heard[name] = (signs, asyncio.get_running_loop().time())

    def _lease_changed(self, old: Lease | None, new: Lease | None) -> None:
        if new is None or new.metadata.namespace != LEASES or new.metadata.name not in self._heard:
            return
        name = new.metadata.name
        if old is None or old.spec.renew_time != new.spec.renew_time:
            self._heard[name] = (self._heard[name][0], asyncio.get_running_loop().time())
