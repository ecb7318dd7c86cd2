"""Watches nodes for NoExecute taints, and the pods on them."""

import asyncio
from datetime import timedelta

from controller_manager.tainteviction.decide import decide
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.scheduling import Taint
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.daemon.clock import Clock


class TaintEvictionController:
    """Makes pods leave the nodes they do not tolerate."""

    name = "taint-eviction"

    def __init__(
        self,
        client: Client,
        nodes: Informer[Node],
        pods: Informer[Pod],
        recorder: EventRecorder,
        clock: Clock,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._nodes = nodes
        self._pods = pods
        self._recorder = recorder
        self._clock = clock
        self._since: dict[str, tuple[tuple[Taint, ...], float]] = {}
        """The taints of each node, and since when by the loop's time: clocks are set."""
        pods.handle(self._pod_changed)
        nodes.handle(self._node_changed)

    async def reconcile(self, key: Key) -> float | None:
        """Look whether one pod has to leave."""
        pod = self._pods.objects.get(key)
        if pod is None or not pod.spec.node_name:
            return None
        taints, since_s = self._since.get(pod.spec.node_name, ((), 0.0))
        if not taints:
            return None
        now = self._clock.now()
        lasted = timedelta(seconds=asyncio.get_running_loop().time() - since_s)
        plan = decide(pod, taints, since=now - lasted, now=now)
        return await carry_out(plan, self._client, self._pods, recorder=self._recorder)

    def _pod_changed(self, _: Pod | None, new: Pod | None) -> None:
        """Look at the pods of nodes that drive pods away; most nodes do not."""
        if new is not None and new.spec.node_name in self._since:
            self.queue.add(key_of(new))

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        """Remember since when a node has its taints, and look at its pods when they change."""
        node = new or old
        assert node is not None, "a change has an object before or after"
        name = node.metadata.name
        taints = _driving_away(new)
        if taints == self._since.get(name, ((), None))[0]:
            return
        if not taints:
            self._since.pop(name, None)
            return
        self._since[name] = (taints, asyncio.get_running_loop().time())
        if self._pods.is_listed:
            for pod in self._pods.on_node(name):
                self.queue.add(key_of(pod))


def _driving_away(node: Node | None) -> tuple[Taint, ...]:
    if node is None:
        return ()
    return tuple(taint for taint in node.spec.taints if taint.effect == "NoExecute")
