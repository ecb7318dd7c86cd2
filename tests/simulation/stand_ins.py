"""Kubelets as simple as can be, for worlds without the real ones.

They speak to the server as the real ones do, so a world takes either.
"""

import asyncio
from random import Random

from msgspec.structs import replace

from knarr.api.coordination.lease import Lease, LeaseSpec
from knarr.api.core.container_status import ContainerState, ContainerStateRunning, ContainerStatus
from knarr.api.core.node import Node, NodeCondition, NodeStatus
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition, PodIP
from knarr.api.errors import AlreadyExistsError, ApiError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.api.pods import is_over, is_ready
from knarr.api.scalars import Quantity
from knarr.api.times import to_micro_time, to_time
from knarr.client.client import Client
from knarr.client.controller import run_controller
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import Clock

HEARTBEAT_S = 10.0
"""How often a node says that it lives."""

START_S = 2.0
"""What a pod takes to start, at most; to end it takes as long."""


class HollowKubelet:
    """Says that the pods of its node run, and that they ended."""

    name = "kubelet"

    def __init__(
        self, client: Client, informers: Informers, clock: Clock, chance: Random, node: str
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue()
        self._client = client
        self._pods = informers.of(Pod, field_selector=f"spec.nodeName={node}")
        self._clock = clock
        self._chance = chance
        self._node = node
        self._due: dict[tuple[str, bool], float] = {}
        feed(self.queue, self._pods)

    async def reconcile(self, key: Key) -> float | None:
        """Move one pod on."""
        pod = self._pods.objects.get(key)
        if pod is None:
            return None
        ending = pod.metadata.deletion_timestamp is not None
        if not ending and is_over(pod):
            return None
        if not ending and is_ready(pod):
            return await self._run_to_the_end(pod)
        left_s = self._left_s(pod.metadata.uid, ending=ending)
        if left_s > 0:
            return left_s
        if ending:
            preconditions = Preconditions(uid=pod.metadata.uid)
            options = DeleteOptions(grace_period_seconds=0, preconditions=preconditions)
            await self._client.delete(Pod, key, options)
        else:
            await self._client.update(self._running(pod), subresource="status")
        return None

    async def _run_to_the_end(self, pod: Pod) -> float | None:
        """Pods that are not restarted end after a while, some of them badly."""
        if pod.spec.restart_policy == "Always":
            return None
        left_s = self._left_s(f"{pod.metadata.uid} ends", ending=False)
        if left_s > 0:
            return left_s
        phase = "Failed" if self._chance.random() < 0.05 else "Succeeded"
        now = to_time(self._clock.now())
        over = PodCondition(type="Ready", status="False", last_transition_time=now)
        others = (each for each in pod.status.conditions if each.type != "Ready")
        status = replace(pod.status, phase=phase, conditions=(*others, over))
        await self._client.update(replace(pod, status=status), subresource="status")
        return None

    def _left_s(self, uid: str, *, ending: bool) -> float:
        now_s = asyncio.get_running_loop().time()
        due_s = self._due.setdefault((uid, ending), now_s + self._chance.random() * START_S)
        return due_s - now_s

    def _running(self, pod: Pod) -> Pod:
        now = to_time(self._clock.now())
        ip = f"10.{self._chance.randrange(256)}.{self._chance.randrange(256)}.1"
        container = ContainerStatus(
            name="c",
            image="img",
            image_id="img",
            ready=True,
            restart_count=0,
            state=ContainerState(running=ContainerStateRunning(started_at=now)),
        )
        status = replace(
            pod.status,
            phase="Running",
            conditions=(
                *(each for each in pod.status.conditions if each.type != "Ready"),
                PodCondition(type="Ready", status="True", last_transition_time=now),
            ),
            container_statuses=(container,),
            pod_ip=ip,
            pod_ips=(PodIP(ip=ip),),
            start_time=now,
        )
        return replace(pod, status=status)

    async def beat(self) -> None:
        """Keep saying that the node lives, until cancelled."""
        while True:
            try:
                await self._register()
                await self._say_ready()
                await self._renew()
            except ApiError:
                await asyncio.sleep(1.0)
            else:
                await asyncio.sleep(HEARTBEAT_S)

    async def _register(self) -> None:
        node = Node(
            metadata=ObjectMeta(name=self._node, labels={"kubernetes.io/hostname": self._node})
        )
        try:
            await self._client.create(node)
        except AlreadyExistsError:
            return

    async def _say_ready(self) -> None:
        node = await self._client.get(Node, Key("", self._node))
        now = to_time(self._clock.now())
        before = next((each for each in node.status.conditions if each.type == "Ready"), None)
        stays = before is not None and before.status == "True"
        ready = NodeCondition(
            type="Ready",
            status="True",
            reason="KubeletReady",
            last_heartbeat_time=now,
            last_transition_time=before.last_transition_time if stays and before else now,
        )
        capacity = {"cpu": Quantity("32"), "memory": Quantity("256Gi"), "pods": Quantity("500")}
        status = NodeStatus(conditions=(ready,), capacity=capacity, allocatable=capacity)
        await self._client.update(replace(node, status=status), subresource="status")

    async def _renew(self) -> None:
        now = to_micro_time(self._clock.now())
        spec = LeaseSpec(holder_identity=self._node, lease_duration_seconds=40, renew_time=now)
        key = Key("kube-node-lease", self._node)
        metadata = ObjectMeta(namespace=key.namespace, name=key.name)
        try:
            await self._client.create(Lease(metadata=metadata, spec=spec))
        except AlreadyExistsError:
            await self._client.patch(Lease, key, {"spec": {"renewTime": now}})


async def run_kubelet(client: Client, clock: Clock, chance: Random, node: str) -> None:
    """Be the kubelet of one node until cancelled."""
    async with Informers(client) as informers:
        kubelet = HollowKubelet(client, informers, clock, chance, node)
        async with asyncio.TaskGroup() as group:
            group.create_task(kubelet.beat(), name=f"beat-{node}")
            await informers.listed()
            group.create_task(run_controller(kubelet), name=f"kubelet-{node}")
