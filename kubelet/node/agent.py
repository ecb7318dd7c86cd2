"""Registers the node, renews its Lease, and reports its status when it changes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from knarr.api.coordination.lease import Lease, LeaseSpec
from knarr.api.core.node import Node, NodeSpec, NodeStatus
from knarr.api.core.scheduling import Taint
from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta, OwnerReference
from knarr.api.times import to_micro_time
from knarr.client.client import Client
from knarr.daemon.clock import Clock
from kubelet.node.machine import architecture
from kubelet.node.status import NodeFacts, node_status

log = structlog.get_logger()

LEASE_NAMESPACE = "kube-node-lease"
LEASE_S = 40
RENEWALS = 4
"""The lease is renewed after a quarter of its time, as Kubernetes does."""

STATUS_CHECK_S = 10.0
"""How often the status is computed."""

STATUS_REPORT_S = 300.0
"""An unchanged status is written so often, for its heartbeat times."""


class NodeAgent:
    """Speaks for this node."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        name: str,
        facts: Callable[[], Awaitable[NodeFacts]],
        *,
        labels: Mapping[str, str],
        taints: tuple[Taint, ...] = (),
        pod_cidr: str = "",
        lease_s: int = LEASE_S,
    ) -> None:
        self._lease_s = lease_s
        self.node: Node | None = None
        self._client = client
        self._clock = clock
        self._name = name
        self._facts = facts
        self._labels = labels
        self._taints = taints
        self._pod_cidr = pod_cidr
        self._reported_at: datetime | None = None
        self._lease: Lease | None = None
        self._changed = asyncio.Event()

    def look(self) -> None:
        """Something about the node changed: tell at once."""
        self._changed.set()

    async def register(self) -> None:
        """Create the node, or take over the one of this name; try until it works."""
        while True:
            try:
                await self._register()
            except ConflictError:
                continue  # Somebody else wrote the node at the same moment.
            except ApiError as error:
                log.warning("node not registered yet", node=self._name, error=str(error))
                await asyncio.sleep(1)
            else:
                return

    async def refresh(self) -> None:
        """Read the node again."""
        self.node = await self._client.get(Node, Key("", self._name))

    async def run(self) -> None:
        """Renew and report until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_lease(), name="node-lease")
            group.create_task(self._keep_status(), name="node-status")

    async def _register(self) -> None:
        labels = {
            "kubernetes.io/hostname": self._name,
            "kubernetes.io/os": "linux",
            "kubernetes.io/arch": architecture(),
            "beta.kubernetes.io/os": "linux",
            "beta.kubernetes.io/arch": architecture(),
            **self._labels,
        }
        fresh = Node(
            metadata=ObjectMeta(name=self._name, labels=labels),
            spec=NodeSpec(taints=self._taints, pod_cidr=self._pod_cidr),
        )
        try:
            node = await self._client.create(fresh)
        except AlreadyExistsError:
            node = await self._client.get(Node, Key("", self._name))
            if not labels.items() <= node.metadata.labels.items():
                meta = replace(node.metadata, labels={**node.metadata.labels, **labels})
                node = await self._client.update(replace(node, metadata=meta))
        self.node = node
        await self._report(node, heartbeat=True)

    async def _keep_status(self) -> None:
        while True:
            self._changed.clear()
            try:
                node = await self._client.get(Node, Key("", self._name))
                self.node = node
                await self._report(node, heartbeat=self._is_due())
            except NotFoundError:
                await self.register()
            except ConflictError:
                continue
            except ApiError as error:
                log.warning("node status not reported", node=self._name, error=str(error))
            with suppress(TimeoutError):
                async with asyncio.timeout(STATUS_CHECK_S):
                    await self._changed.wait()

    def _is_due(self) -> bool:
        if self._reported_at is None:
            return True
        return self._clock.now() - self._reported_at >= timedelta(seconds=STATUS_REPORT_S)

    async def _report(self, node: Node, *, heartbeat: bool) -> None:
        now = self._clock.now()
        status = node_status(node.status, await self._facts(), now)
        if not heartbeat and _without_times(status) == _without_times(node.status):
            return
        self.node = await self._client.update(replace(node, status=status), subresource="status")
        self._reported_at = now

    async def _keep_lease(self) -> None:
        while True:
            try:
                await self._renew()
            except ConflictError:
                self._lease = None
                continue
            except ApiError as error:
                self._lease = None
                log.warning("lease not renewed", node=self._name, error=str(error))
            await asyncio.sleep(self._lease_s / RENEWALS)

    async def _renew(self) -> None:
        now = to_micro_time(self._clock.now())
        if self._lease is None:
            try:
                self._lease = await self._client.get(Lease, Key(LEASE_NAMESPACE, self._name))
            except NotFoundError:
                self._lease = await self._client.create(self._fresh_lease(now))
                return
        spec = replace(
            self._lease.spec,
            renew_time=now,
            holder_identity=self._name,
            lease_duration_seconds=self._lease_s,
        )
        self._lease = await self._client.update(replace(self._lease, spec=spec))

    def _fresh_lease(self, now: str) -> Lease:
        owners: tuple[OwnerReference, ...] = ()
        if self.node is not None:
            uid = self.node.metadata.uid
            owners = (OwnerReference(api_version="v1", kind="Node", name=self._name, uid=uid),)
        return Lease(
            metadata=ObjectMeta(
                name=self._name, namespace=LEASE_NAMESPACE, owner_references=owners
            ),
            spec=LeaseSpec(
                holder_identity=self._name, lease_duration_seconds=self._lease_s, renew_time=now
            ),
        )


def _without_times(status: NodeStatus) -> NodeStatus:
    conditions = tuple(replace(one, last_heartbeat_time=None) for one in status.conditions)
    return replace(status, conditions=conditions)
