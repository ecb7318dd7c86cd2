"""Watches pods and the nodes they are bound to."""

from datetime import datetime

from controller_manager.podgc.decide import NODE_GONE_S, decide, decide_surplus
from knarr.api import times
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.api.pods import is_over
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.daemon.clock import Clock

SURPLUS = Key("", "")
"""The key under which the pods that are over are counted, which belong to nobody."""

SURPLUS_AGAIN_AFTER_S = 20.0
"""They are swept no more often than this."""


class PodGcController:
    """Removes the pods that nobody else will."""

    name = "pod-garbage-collector"

    def __init__(
        self,
        client: Client,
        nodes: Informer[Node],
        pods: Informer[Pod],
        clock: Clock,
        *,
        threshold: int,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._nodes = nodes
        self._pods = pods
        self._clock = clock
        self._threshold = threshold
        self._over: dict[Key, None] = {}
        self._gone_since: dict[str, datetime] = {}
        pods.handle(self._pod_changed)
        pods.handle(self._count)
        nodes.handle(self._node_changed)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one pod, or at all that are over."""
        if key == SURPLUS:
            found = (self._pods.objects.get(each) for each in self._over)
            over = [pod for pod in found if pod is not None]
            plan = decide_surplus(over, threshold=self._threshold)
            return await carry_out(plan, self._client, self._pods)
        pod = self._pods.objects.get(key)
        if pod is None:
            return None
        gone_s = await self._node_gone_s(pod.spec.node_name)
        if gone_s is not None:
            # A pod made for a node that is still to come has as long to wait.
            gone_s = min(gone_s, self._age_s(pod))
        plan = decide(pod, node_gone_s=gone_s, now=self._clock.now())
        return await carry_out(plan, self._client, self._pods)

    def _age_s(self, pod: Pod) -> float:
        made = times.parse(pod.metadata.creation_timestamp or "")
        return (self._clock.now() - made).total_seconds()

    async def _node_gone_s(self, name: str) -> float | None:
        """For how long a pod's node has been gone; None when it is there."""
        if not name or Key("", name) in self._nodes.objects:
            return None
        now = self._clock.now()
        gone_s = (now - self._gone_since.setdefault(name, now)).total_seconds()
        if gone_s < NODE_GONE_S:
            return gone_s
        try:
            await self._client.get(Node, Key("", name))
        except NotFoundError:
            return gone_s
        return None

    def _pod_changed(self, _: Pod | None, new: Pod | None) -> None:
        """Look at a pod whose node is not there, or that nobody ends."""
        if new is None:
            return
        node_name = new.spec.node_name
        if not node_name:
            if new.metadata.deletion_timestamp is not None:
                self.queue.add(key_of(new))
        elif not self._nodes.is_listed or Key("", node_name) not in self._nodes.objects:
            self.queue.add(key_of(new))

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        if new is not None:
            self._gone_since.pop(new.metadata.name, None)
        elif old is not None and self._pods.is_listed:
            for pod in self._pods.on_node(old.metadata.name):
                self.queue.add(key_of(pod))

    def _count(self, old: Pod | None, new: Pod | None) -> None:
        pod = new or old
        assert pod is not None, "a change has an object before or after"
        if new is not None and is_over(new):
            self._over[key_of(new)] = None
        else:
            self._over.pop(key_of(pod), None)
        if self._threshold > 0 and len(self._over) > self._threshold:
            self.queue.add_after(SURPLUS, SURPLUS_AGAIN_AFTER_S)
