"""One node: puts the kubelet's parts together and runs them.

await Kubelet(options, client, clock, runtime, services).run()
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import grpc
import structlog
from msgspec import Struct, field

from knarr.api.core.pod import Pod
from knarr.api.core.references import ObjectReference
from knarr.api.core.scheduling import Taint
from knarr.api.core.service import Service
from knarr.api.errors import ApiError
from knarr.api.scalars import Quantity
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informer import Informer
from knarr.daemon.clock import Clock
from kubelet.addresses import PodAddresses
from kubelet.eviction.evictor import EvictionOptions, Evictor
from kubelet.images import Images
from kubelet.network import DnsSettings, pod_network
from kubelet.node.agent import LEASE_S, NodeAgent
from kubelet.node.machine import capacity, existing, system_info
from kubelet.node.shutdown import ShutdownOptions, end_all
from kubelet.node.status import NodeFacts
from kubelet.probes.prober import Prober
from kubelet.runtime.runtime import Runtime
from kubelet.server.door import NodeDoor
from kubelet.server.service import NodeService, serve
from kubelet.static.mirrors import Mirrors
from kubelet.static.source import StaticPods
from kubelet.sync.admission import NodeState
from kubelet.sync.allocations import Allocations
from kubelet.sync.backoff import MAX_S as RESTART_MAX_S
from kubelet.sync.host import Host, PodNetwork
from kubelet.sync.manager import PodManager
from kubelet.volumes.references import ReferenceSource
from kubelet.volumes.volumes import Volumes
from kubelet.volumes.watched import WatchedObjects

log = structlog.get_logger()

PODS_MAX = 110
"""How many pods a node takes unless told otherwise, as Kubernetes' default."""


class KubeletOptions(Struct, frozen=True, kw_only=True):
    """What an operator may choose about a node."""

    node_name: str
    node_ips: tuple[str, ...]
    state_dir: Path
    address: str = "127.0.0.1"
    """Where the API server's questions are answered: see `knarr.v1.Node`."""
    port: int | None = None
    """0 for any; None where nobody shall ask."""
    door: NodeDoor | None = None
    """A server shared with other nodes of this process, instead of one at `address`."""
    credentials: grpc.ServerCredentials | None = None
    clients: frozenset[str] = frozenset()
    """Common names of the certificates that may ask; empty lets in all the authority knows."""
    pods_max: int = PODS_MAX
    lease_s: int = LEASE_S
    """How long the node counts as alive without word of it."""
    pod_cidr: str = ""
    """Registered with the node; empty where a controller assigns one."""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    reserved: Mapping[str, Quantity] = field(default_factory=dict)
    capacity: Mapping[str, Quantity] = field(default_factory=dict)
    """Replaces what the machine has, for hollow nodes."""
    dns: DnsSettings = field(default_factory=DnsSettings)
    manifests: Path | None = None
    """A folder (or a file) of pods that this node runs by itself."""
    eviction: EvictionOptions = EvictionOptions()
    shutdown: ShutdownOptions = ShutdownOptions()
    restart_max_s: float = RESTART_MAX_S
    """The longest delay before a container starts again; the first one is never longer."""
    unsafe_sysctls: tuple[str, ...] = ()
    """Kernel settings pods may change beside those that concern them alone."""


class Kubelet:
    """The parts of one node, made and not yet running."""

    def __init__(
        self,
        options: KubeletOptions,
        client: Client,
        clock: Clock,
        runtime: Runtime,
        services: Informer[Service],
    ) -> None:
        self._options = options
        self._client = client
        self._clock = clock
        self.runtime = runtime
        self.events = EventRecorder(
            client, component="kubelet", clock=clock, host=options.node_name
        )
        self.prober = Prober(runtime, self._wake, self._tell_unhealthy)
        self.pods = Informer(client, Pod, field_selector=f"spec.nodeName={options.node_name}")
        self._static: StaticPods | None = None
        if options.manifests is not None:
            self._static = StaticPods(options.manifests, options.node_name, clock)
        self._addresses: PodAddresses | None = None
        self._is_shutting_down = False
        self._port = 0
        self._watched = WatchedObjects(client, self._wake)
        volumes = Volumes(options.state_dir / "volumes", client, clock)
        self.host = Host(
            node_name=options.node_name,
            ips=options.node_ips,
            client=client,
            clock=clock,
            runtime=runtime,
            prober=self.prober,
            images=Images(runtime, clock),
            volumes=volumes,
            references=ReferenceSource(client, clock, self._watched),
            events=self.events,
            services=services,
            network=self._network,
            release=self._release,
            node=lambda: self.agent.node,
            state_dir=str(options.state_dir),
            allocations=Allocations(self._allocatable, self._wake),
            mirrors=Mirrors(client, self._static_pods, lambda: self.agent.node),
            state=self._state,
            restart_max_s=options.restart_max_s,
            read_node=self._read_node,
        )
        self.manager = PodManager(self.host, self.pods, self._static)
        self.agent = NodeAgent(
            client,
            clock,
            options.node_name,
            self._facts,
            labels=options.labels,
            taints=options.taints,
            pod_cidr=options.pod_cidr,
            lease_s=options.lease_s,
        )
        self.evictor = Evictor(self.host, self.manager, options.eviction, self.agent.look)

    async def run(self) -> None:
        """Be a node until cancelled; containers go on."""
        async with self._serving() as self._port, asyncio.TaskGroup() as group:
            if not self._options.pod_cidr:
                await self.agent.register()
            await self._take_addresses()
            group.create_task(self.events.run(), name="events")
            group.create_task(self.prober.run(), name="prober")
            group.create_task(self.pods.run(), name="pods")
            group.create_task(self._be_a_node(), name="node")
            group.create_task(self.manager.run(), name="pod-manager")
            if self.runtime.is_real:
                group.create_task(self.host.mirrors.run(), name="mirrors")
                group.create_task(self.evictor.run(), name="evictor")
                group.create_task(self._watched.run(), name="watched-objects")
            if self._static is not None:
                group.create_task(self._static.run(), name="static-pods")

    async def shut_down(self) -> None:
        """The machine is about to stop: say so, and end all pods within the time there is."""
        self._is_shutting_down = True
        self._tell_shutdown("event")
        await end_all(self.manager, self._options.shutdown)

    def stay(self) -> None:
        """The machine does not stop after all: take pods again."""
        self._is_shutting_down = False
        self._tell_shutdown("cancellation")

    def _tell_shutdown(self, what: str) -> None:
        if self.agent.node is not None:
            told = f"Shutdown manager detected shutdown {what}"
            self.events.event(self.agent.node, "Shutdown", told)
        self.agent.look()

    async def _be_a_node(self) -> None:
        """Pods of files need not wait for an API server that may be among them."""
        if self.agent.node is None:
            await self.agent.register()
        await self.agent.run()

    @asynccontextmanager
    async def _serving(self) -> AsyncIterator[int]:
        options = self._options
        service = NodeService(self.host, self.manager, options.clients)
        if options.door is not None:
            with options.door.opened(options.node_name, service) as port:
                yield port
        elif options.port is None:
            yield 0
        else:
            async with serve(
                service.handler(), options.address, options.port, options.credentials
            ) as port:
                yield port

    async def _take_addresses(self) -> None:
        """Wait for the node's podCIDR and note which addresses are taken."""
        cidr = self._options.pod_cidr
        while not cidr:
            node = self.agent.node
            cidr = node.spec.pod_cidr if node is not None else ""
            if not cidr:
                await asyncio.sleep(0.2)
                await self.agent.refresh()
        self.runtime.use_pod_cidr(cidr)
        taken = [
            (one.pod.uid, one.sandbox.ip)
            for one in await self.runtime.pods()
            if one.sandbox is not None and one.sandbox.ip
        ]
        self._addresses = PodAddresses(cidr, taken)

    def _network(self, pod: Pod) -> PodNetwork:
        assert self._addresses is not None, "addresses come before pods"
        ip = "" if pod.spec.host_network else self._addresses.of(pod.metadata.uid)
        if not self.runtime.is_real:
            return PodNetwork(hostname=pod.metadata.name, ip=ip)
        host_ip = self._options.node_ips[0] if self._options.node_ips else ""
        return pod_network(pod, ip, host_ip, self._options.dns)

    def _release(self, uid: str) -> None:
        if self._addresses is not None:
            self._addresses.release(uid)

    def _state(self, pod: Pod) -> NodeState:
        if not self.runtime.is_real:
            return NodeState()
        return NodeState(
            node=self.agent.node,
            pressures=self.evictor.pressures,
            is_full=self.host.allocations.is_full(pod),
            obstacle=self.host.allocations.obstacle(pod),
            is_shutting_down=self._is_shutting_down,
            unsafe_sysctls=self._options.unsafe_sysctls,
        )

    async def _read_node(self) -> None:
        with suppress(ApiError):
            await self.agent.refresh()

    def _static_pods(self) -> Mapping[str, Pod]:
        return self._static.pods if self._static is not None else {}

    def _allocatable(self) -> Mapping[str, str]:
        node = self.agent.node
        return node.status.allocatable if node is not None else {}

    def _wake(self, uid: str) -> None:
        self.manager.wake(uid)

    def _tell_unhealthy(self, uid: str, container: str, message: str) -> None:
        worker = self.manager.worker(uid)
        if worker is None:
            return
        meta = worker.pod.metadata
        reference = ObjectReference(
            kind="Pod",
            api_version="v1",
            namespace=meta.namespace,
            name=meta.name,
            uid=meta.uid,
            resource_version=meta.resource_version,
            field_path=f"spec.containers{{{container}}}",
        )
        self.events.event(reference, "Unhealthy", message, "Warning")

    async def _facts(self) -> NodeFacts:
        options = self._options
        has = options.capacity or capacity(existing(options.state_dir), pods_max=options.pods_max)
        return NodeFacts(
            hostname=options.node_name,
            ips=options.node_ips,
            capacity=has,
            reserved=options.reserved,
            info=system_info(await self.runtime.version()),
            images=await self.runtime.images(),
            port=self._port,
            pressures=self.evictor.pressures,
            not_ready="node is shutting down" if self._is_shutting_down else "",
        )
