"""Runs a whole cluster in one process and one event loop."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import structlog
from msgspec import Struct
from msgspec.structs import replace

from apiserver.aggregation.authorities import FRONT_PROXY
from apiserver.registry import snapshot
from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings as RegistrySettings
from apiserver.server import Options, serve
from apiserver.storage.store import Store
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.core.node import Node
from knarr.api.core.service import Service
from knarr.api.scalars import Quantity
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.informers import Informers
from knarr.cluster.doors import Doors
from knarr.cluster.folder import Addresses, Folder, Layout, Running
from knarr.cluster.in_process import InProcessClient
from knarr.cluster.kubeconfig import add_context
from knarr.cluster.networking import ClusterNetwork, NetworkOptions
from knarr.cluster.options import UpOptions, layout_of
from knarr.cluster.rootless import BRIDGE, Outside, make_bridge
from knarr.cluster.whole import keep_first_state
from knarr.daemon.certificates import Authority, Wanted, ensure_key
from knarr.daemon.clock import Clock, SystemClock, seeded
from knarr.daemon.jwt import Signer, read_private_key
from knarr.daemon.shown import Shown
from kubelet.eviction.evictor import EvictionOptions
from kubelet.eviction.images import ImageRules
from kubelet.eviction.thresholds import hard
from kubelet.kubelet import Kubelet, KubeletOptions
from kubelet.network import DnsSettings
from kubelet.runtime.choose import RuntimeSettings, is_docker_there, open_runtime
from kubelet.runtime.process.network import Bridge
from kubelet.runtime.runtime import Runtime
from kubelet.server.door import NodeDoor, serve_door
from scheduler.scheduler import run_scheduler

log = structlog.get_logger()

ADDRESS = "127.0.0.1"

API_SERVER = "kube-apiserver-kubelet-client"
"""The common name by which the API server shows itself to kubelets, as kubeadm has it."""

STOP_GRACE_S = 2.0
"""What containers get when the cluster stops: whoever types `knarr down` waits for it."""

EVICTION = EvictionOptions(
    hard=hard(("memory.available<100Mi",)), images=ImageRules(high_percent=100, low_percent=99)
)
"""A full disk of a laptop is no reason to run nothing, and its images are its owner's."""

HOLLOW_CAPACITY = {
    "cpu": Quantity("32"),
    "memory": Quantity("256Gi"),
    "pods": Quantity("500"),
    "ephemeral-storage": Quantity("1Ti"),
}


Run = Callable[[UpOptions, Folder, Doors | None], Coroutine[None, None, None]]


async def run_cluster(options: UpOptions, outside: Outside | None = None) -> None:
    """Run until cancelled. Raise SettingsError when it cannot be started.

    With `outside` the cluster is in a network of its own, and users in the machine's.
    """
    await run_in_folder(_run, options, outside)


async def run_in_folder(run: Run, options: UpOptions, outside: Outside | None) -> None:
    """Run with the cluster's folder held, and the ways in closed at the end."""
    folder = Folder(options.folder, outside.socket if outside is not None else socket.socket)
    folder.take()
    doors = Doors(outside) if outside is not None else None
    try:
        await run(options, folder, doors)
    finally:
        if doors is not None:
            await doors.close()
        folder.release()


async def _run(options: UpOptions, folder: Folder, doors: Doors | None) -> None:
    layout = layout_of(options, folder, ADDRESS)
    clock = SystemClock()
    options = await with_runtime(options)
    network = network_of(options)
    addresses = layout.addresses(network)
    await open_network(options, layout, addresses, doors)
    running = running_of(options, layout, network)
    authority = Authority.at(folder.pki, clock)
    token = folder.admin_token(options.token_auth_file)
    async with serve(server_options(options, folder, layout, addresses, authority)) as server:
        add_context(
            options.kubeconfig,
            options.name,
            server=running.server,
            grpc=running.grpc,
            ca=authority.pem,
            token=token,
        )
        folder.say(running)
        client = InProcessClient(server.registry)
        async with Informers(client) as informers, asyncio.TaskGroup() as group:
            settings = _controller_settings(options, folder, addresses, authority)
            manager = _as("kube-controller-manager", server.registry)
            controllers = run_controllers(manager, clock, seeded(), settings)
            scheduler = run_scheduler(_as("kube-scheduler", server.registry), clock, seeded())
            for name, part in (("controllers", controllers), ("scheduler", scheduler)):
                group.create_task(part, name=name)
            services = informers.of(Service)
            carried = None
            if network != "none":
                where = _network_options(options, network, addresses, doors)
                carried = ClusterNetwork(client, informers, clock, seeded(), where)
                group.create_task(carried.run(), name="network")
            names = tuple(node_name(options, number) for number in range(options.nodes))
            shown = (folder.pki / "kubelet", Wanted("knarr-kubelet", hosts=names))
            pair = authority.ensure(*shown)
            credentials = Shown(pair.certificate, pair.key, authority.path)
            certificates = (*server_certificates(folder.pki, addresses.kubernetes), shown)
            group.create_task(authority.keep(certificates), name="certificates")
            kubelet = _as("kubelet", server.registry)
            nodes = _Nodes(options, folder, addresses, kubelet, clock, services, credentials)
            group.create_task(nodes.run(names), name="nodes")
            is_first = options.store == "memory" or not folder.first_state.exists()
            fresh = server.registry.core.store if is_first else None
            group.create_task(
                _tell_ready(folder, running, informers.of(Node), options.nodes, carried, fresh)
            )


async def open_network(
    options: UpOptions, layout: Layout, addresses: Addresses, doors: Doors | None
) -> None:
    """Say which network it is, and make ours where it is one of our own."""
    if options.why_network:
        log.info("chose a network", network=options.network, reason=options.why_network)
    if doors is not None:
        make_bridge(addresses.gateway)
        await doors.open((layout.rest_port, layout.grpc_port))
        await doors.open_way_out((f"{addresses.pods}.0.0/16", addresses.services))


def _controller_settings(
    options: UpOptions, folder: Folder, addresses: Addresses, authority: Authority
) -> ControllerSettings:
    return ControllerSettings(
        root_ca=authority.pem.decode(),
        # Without nodes here nobody could use a folder of this host.
        provision_root=str(folder.path / "volumes") if options.nodes else "",
        storage_classes=options.storage_classes,
        authority=authority,
        signer=Signer(read_private_key(account_key(folder).read_bytes())),
        load_balancer_pool=(addresses.balancers,) if network_of(options) != "none" else (),
    )


def _network_options(
    options: UpOptions, network: str, addresses: Addresses, doors: Doors | None
) -> NetworkOptions:
    return NetworkOptions(
        is_loopback=network == "loopback",
        dns_address=addresses.dns,
        cluster_cidr=f"{addresses.pods}.0.0/16",
        node_name=node_name(options, 0),
        cluster_name=options.name,
        doors=doors,
    )


def _as(part: str, registry: Registry) -> Client:
    """The client of one part, whose name stands beside the fields that it writes."""
    return InProcessClient(registry, field_manager=part)


def running_of(options: UpOptions, layout: Layout, network: str) -> Running:
    """What the cluster says of itself while it starts."""
    return Running(
        pid=os.getpid(),
        server=f"https://{ADDRESS}:{layout.rest_port}",
        grpc=f"{ADDRESS}:{layout.grpc_port}",
        runtime=options.runtime,
        network=network,
        nodes=options.nodes,
    )


async def with_runtime(options: UpOptions) -> UpOptions:
    """Docker where one answers, else processes, unless told otherwise."""
    if options.runtime != "auto":
        return options
    return replace(options, runtime="docker" if await is_docker_there() else "process")


def network_of(options: UpOptions) -> str:
    """How pods get addresses; where nothing runs they are made up and nobody carries them."""
    if options.runtime == "hollow" or options.nodes == 0:
        return "none"
    if options.network != "auto":
        return options.network
    return "bridge" if options.runtime == "docker" else "loopback"


def server_options(
    options: UpOptions,
    folder: Folder,
    layout: Layout,
    addresses: Addresses,
    authority: Authority,
) -> Options:
    """How the API server is run; certificates and keys are made where they are missing."""
    pair, client = (
        authority.ensure(*one) for one in server_certificates(folder.pki, addresses.kubernetes)
    )
    # An authority of its own: whoever it vouches for may say that it speaks for anybody.
    front = Authority.at(folder.pki / "front-proxy", SystemClock())
    proxy = front.ensure(folder.pki / "front-proxy-client", Wanted(FRONT_PROXY))
    stores = {"sqlite": f"sqlite://{folder.path / 'store.db'}", "memory": "memory://"}
    return Options(
        store=stores.get(options.store, options.store),
        bind_address=ADDRESS,
        secure_port=layout.rest_port,
        grpc_port=layout.grpc_port,
        token_auth_file=str(folder.tokens),
        client_ca_file=str(folder.pki / "ca.crt"),
        tls_cert_file=str(pair.certificate),
        tls_private_key_file=str(pair.key),
        service_account_signing_key_file=str(account_key(folder)),
        kubelet_client_certificate=str(client.certificate),
        kubelet_client_key=str(client.key),
        kubelet_certificate_authority=str(folder.pki / "ca.crt"),
        proxy_client_cert_file=str(proxy.certificate),
        proxy_client_key_file=str(proxy.key),
        requestheader_client_ca_file=str(front.path),
        registry=RegistrySettings(
            service_network=addresses.services,
            advertise_address=ADDRESS,
            advertise_port=layout.rest_port,
        ),
    )


SERVER_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
"""Under these every API server is reached, whatever its address."""


def server_certificates(pki: Path, *hosts: str) -> tuple[tuple[Path, Wanted], ...]:
    """What an API server shows to clients, and what to kubelets."""
    return (
        (pki / "apiserver", Wanted("knarr-apiserver", hosts=(ADDRESS, *SERVER_NAMES, *hosts))),
        (
            pki / "apiserver-kubelet-client",
            Wanted(API_SERVER, groups=("kubeadm:cluster-admins",)),
        ),
    )


def account_key(folder: Folder) -> Path:
    """The key that signs tokens of ServiceAccounts; unlike certificates it never changes."""
    return ensure_key(folder.pki / "service-accounts.key")


class _Nodes(Struct, frozen=True):
    """What all nodes of this process share."""

    options: UpOptions
    folder: Folder
    addresses: Addresses
    client: Client
    clock: Clock
    services: Informer[Service]
    credentials: Shown
    """One certificate for all; only those whom our authority knows may ask."""

    async def run(self, names: Sequence[str]) -> None:
        """Be all of them; hollow ones share one server."""
        async with AsyncExitStack() as stack:
            door = None
            if self.options.runtime == "hollow":
                door = await stack.enter_async_context(serve_door(ADDRESS, 0, self._to_show()))
            async with asyncio.TaskGroup() as group:
                for number, name in enumerate(names):
                    group.create_task(self._run_one(name, number, door), name=name)

    async def _run_one(self, name: str, number: int, door: NodeDoor | None) -> None:
        state = self.folder.node(name)
        hollow = self.options.runtime == "hollow"
        cidr = self.addresses.of_node(number, is_hollow=hollow)
        bridge = None
        if self.options.network == "rootless":
            bridge = Bridge(name=BRIDGE, gateway=self.addresses.gateway)
        settings = RuntimeSettings(
            kind=self.options.runtime,
            state_dir=state,
            node_name=name,
            pod_cidr=cidr,
            bridge=bridge,
        )
        async with _runtime(settings, self.clock) as runtime:
            kubelet = Kubelet(
                KubeletOptions(
                    node_name=name,
                    node_ips=(ADDRESS,),
                    state_dir=state,
                    address=ADDRESS,
                    port=0,
                    door=door,
                    credentials=self._to_show() if door is None else None,
                    clients=frozenset({API_SERVER}),
                    pod_cidr=cidr,
                    pods_max=500 if hollow else 110,
                    capacity=HOLLOW_CAPACITY if hollow else {},
                    eviction=EVICTION,
                    dns=DnsSettings(servers=(self.addresses.dns,)),
                ),
                self.client,
                self.clock,
                runtime,
                self.services,
            )
            await kubelet.run()

    def _to_show(self) -> grpc.ServerCredentials:
        """For one server: gRPC takes none of these twice."""
        return self.credentials.grpc(require=True)


def node_name(options: UpOptions, number: int) -> str:
    """The name of a node: the cluster's own where there is but one."""
    return f"{options.name}-{number}" if options.nodes > 1 else options.name


@asynccontextmanager
async def _runtime(settings: RuntimeSettings, clock: Clock) -> AsyncIterator[Runtime]:
    """A runtime whose containers end with the cluster, unless that is killed."""
    async with open_runtime(settings, clock) as runtime:
        try:
            yield runtime
        finally:
            await stop_all(runtime)


async def stop_all(runtime: Runtime) -> None:
    """End every container side by side; a pod's sandbox stays for the next start."""
    if not runtime.is_real:
        return
    async with asyncio.TaskGroup() as group:
        for pod in await runtime.pods():
            for one in pod.containers:
                if one.phase == "running":
                    group.create_task(runtime.stop_container(one.id, grace_s=STOP_GRACE_S))
    if runtime.name == "docker":  # Elsewhere nothing runs for a sandbox.
        async with asyncio.TaskGroup() as group:
            for pod in await runtime.pods():
                group.create_task(runtime.stop_sandbox(pod.pod.uid))


async def _tell_ready(
    folder: Folder,
    running: Running,
    nodes: Informer[Node],
    wanted: int,
    network: ClusterNetwork | None,
    store: Store | None,
) -> None:
    """Write down that the cluster is ready once all its nodes, Services and names are."""
    enough = asyncio.Event()
    ready: set[str] = set()

    def changed(_: Node | None, new: Node | None) -> None:
        if new is not None and is_ready(new):
            ready.add(new.metadata.name)
            if len(ready) >= wanted:
                enough.set()

    nodes.handle(changed)
    if wanted:
        await enough.wait()
    dns = await network.ready() if network is not None else ""
    if store is not None:
        keep_first_state(folder, await snapshot.save(store))
    folder.say(replace(running, dns=dns, ready=True))
    log.info("ready", server=running.server, nodes=wanted, runtime=running.runtime, dns=dns)


def is_ready(node: Node) -> bool:
    """Whether the node says that it takes pods."""
    return any(one.type == "Ready" and one.status == "True" for one in node.status.conditions)
