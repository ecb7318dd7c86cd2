"""Runs one control-plane host: API server, controllers and scheduler in one process.

Of several servers each serves the API; one runs the controllers and one the
scheduler, by Leases. A server that loses its Lease goes on serving.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

import structlog
from msgspec import Struct

from apiserver.registry.settings import Settings as RegistrySettings
from apiserver.server import Options, serve
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.core.config_map import ConfigMap
from knarr.api.errors import ApiError
from knarr.client.client import Client
from knarr.client.leader import LeadershipLostError, leadership
from knarr.cluster.hosts.etcd import EtcdMember, EtcdPlace, run_member
from knarr.cluster.hosts.folder import ServerFolder
from knarr.cluster.hosts.join_server import ServerJoin, join_server
from knarr.cluster.hosts.objects import make_host_objects
from knarr.cluster.hosts.settings import CONFIG, ClusterSettings, ServerPlace, servers_of
from knarr.cluster.in_process import InProcessClient
from knarr.cluster.kubeconfig import add_certificate_context
from knarr.cluster.networking import make_dns_service
from knarr.cluster.one_process import API_SERVER, SERVER_NAMES
from knarr.daemon.certificates import Authority, Wanted, ensure_key, look_every_s
from knarr.daemon.clock import Clock, SystemClock, seeded, uid_source
from knarr.daemon.jwt import Signer, read_private_key
from scheduler.scheduler import run_scheduler

log = structlog.get_logger()

LOOK_EVERY_S = 60.0
"""How often a server looks whether there are others, for its administrator's kubeconfig."""

VOLUMES = "/var/lib/knarr/volumes"
"""Where nodes have the folders of volumes that are made on demand."""


class ServerOptions(Struct, frozen=True, kw_only=True):
    """One control-plane host."""

    name: str
    state_dir: Path
    kubeconfig: Path | None = None
    """A file that gets a context of this cluster beside `admin.conf` in the state folder."""
    bind_address: str = "0.0.0.0"
    advertise_address: str
    """The address by which other hosts reach this one."""
    secure_port: int = 6443
    grpc_port: int = 6444
    grpc_certificate_port: int = 6445
    etcd_client_port: int = 2379
    etcd_peer_port: int = 2380
    hosts: tuple[str, ...] = ()
    """Further names and addresses by which it is reached."""
    settings: ClusterSettings
    """What this host wants of the cluster, if it makes it."""
    chosen: frozenset[str] = frozenset()
    """Which of the settings were chosen and are not just the defaults."""
    join: ServerJoin | None = None
    """The cluster to join; None: make one, or go on with the one there is."""
    lasts: timedelta = timedelta(days=365)
    """How long certificates are good."""
    load_balancer_pool: tuple[str, ...] = ()
    storage_classes: tuple[str, ...] = ()
    """Classes beside `standard` whose volumes are folders of nodes."""
    token_auth_file: str = ""
    shutdown_delay_s: float = 0.0
    controllers: tuple[str, ...] = ("*",)


async def run_server(options: ServerOptions, clock: Clock | None = None) -> None:
    """Be a server until cancelled. Raise SettingsError."""
    clock = clock or SystemClock()
    folder = ServerFolder(options.state_dir)
    with folder.held():
        if options.join is not None:
            await join_server(options.join, folder, clock)
        settings = folder.settings(options.settings, options.chosen, is_joining=bool(options.join))
        authority = Authority.at(folder.pki, clock, options.lasts)
        member = _member(options, settings, folder, clock)
        async with run_member(member) as store:
            await _serve(options, settings, folder, authority, clock, store)


def _member(
    options: ServerOptions, settings: ClusterSettings, folder: ServerFolder, clock: Clock
) -> EtcdPlace:
    own = None
    if settings.store == "managed":
        own = EtcdMember(
            name=options.name,
            folder=folder.path / "etcd",
            pki=folder.pki / "etcd",
            address=options.advertise_address,
            client_port=options.etcd_client_port,
            peer_port=options.etcd_peer_port,
        )
    stores = {"sqlite": f"sqlite://{folder.path / 'store.db'}"}
    url = stores.get(settings.store, settings.store)
    return EtcdPlace(
        own=own, url=url, others=folder.etcd_others(), clock=clock, lasts=options.lasts
    )


async def _serve(
    options: ServerOptions,
    settings: ClusterSettings,
    folder: ServerFolder,
    authority: Authority,
    clock: Clock,
    store: str,
) -> None:
    wanted = _certificates(options, settings, folder.pki)
    for stem, what in wanted.values():
        authority.ensure(stem, what)
    account_key = ensure_key(folder.pki / "service-accounts.key")
    place = _place(options, settings)
    async with serve(_options(options, settings, folder, store)) as server:
        client = InProcessClient(server.registry)
        await make_host_objects(client, options.name, place, authority.pem, settings)
        await make_dns_service(client, settings.dns, is_loopback=settings.dns.startswith("127."))
        controllers = _controllers(options, settings, authority, account_key)
        identity = f"{options.name}_{os.getpid()}_{uid_source()()}"
        keeping = _Keeping(authority, options, wanted, folder, lambda: _places(client, place))
        await keeping.look()
        async with asyncio.TaskGroup() as group:
            group.create_task(keeping.run(), name="certificates")
            group.create_task(
                lead(
                    client,
                    "kube-controller-manager",
                    identity,
                    clock,
                    lambda: run_controllers(client, clock, seeded(), controllers),
                )
            )
            group.create_task(
                lead(
                    client,
                    "kube-scheduler",
                    identity,
                    clock,
                    lambda: run_scheduler(client, clock, seeded()),
                )
            )
            folder.say_ready(place)
            log.info("ready", server=place.rest, kubeconfig=str(folder.kubeconfig))


def _place(options: ServerOptions, settings: ClusterSettings) -> ServerPlace:
    """Where others reach this server."""
    host = _host(options.advertise_address)
    is_member = settings.store == "managed"
    return ServerPlace(
        rest=f"https://{host}:{options.secure_port}",
        grpc=f"{host}:{options.grpc_certificate_port}",
        etcd=f"{host}:{options.etcd_client_port}" if is_member else "",
        etcd_peer_port=options.etcd_peer_port,
    )


def _controllers(
    options: ServerOptions, settings: ClusterSettings, authority: Authority, account_key: Path
) -> ControllerSettings:
    return ControllerSettings(
        controllers=options.controllers,
        root_ca=authority.pem.decode(),
        cluster_cidr=settings.cluster_cidr,
        node_cidr_mask_size=settings.node_cidr_mask_size,
        service_cidr=tuple(settings.service_cidr.split(",")),
        authority=authority,
        signing_duration=options.lasts,
        approve_serving=True,
        signer=Signer(read_private_key(account_key.read_bytes())),
        provision_root=VOLUMES,
        storage_classes=options.storage_classes,
        volumes_wait=True,
        load_balancer_pool=options.load_balancer_pool,
    )


async def lead(
    client: Client, name: str, identity: str, clock: Clock, run: Callable[[], Awaitable[None]]
) -> None:
    """Do something whenever it is ours to do, until cancelled."""
    while True:
        try:
            async with leadership(client, name, identity, clock):
                await run()
        except* LeadershipLostError as lost:
            log.warning("another may lead now", lease=name, error=str(lost.exceptions[0]))


class _Keeping:
    """Renews certificates in time; who has a kubeconfig of ours gets a new one."""

    def __init__(
        self,
        authority: Authority,
        options: ServerOptions,
        wanted: dict[str, tuple[Path, Wanted]],
        folder: ServerFolder,
        places: Callable[[], Awaitable[Sequence[ServerPlace]]],
    ) -> None:
        self._authority = authority
        self._options = options
        self._wanted = wanted
        self._places = places
        own = options.kubeconfig
        self._paths = (folder.kubeconfig, own) if own else (folder.kubeconfig,)
        self._written: tuple[object, ...] = ()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(min(look_every_s(self._options.lasts), LOOK_EVERY_S))
            await self.look()

    async def look(self) -> None:
        """Renew what is due, and write what changed."""
        for stem, what in self._wanted.values():
            self._authority.ensure(stem, what)
        admin = self._authority.ensure(*self._wanted["admin"])
        pair, known = (admin.certificate.read_bytes(), admin.key.read_bytes()), await self._places()
        for path in self._paths if self._written != (known, pair) else ():
            add_certificate_context(
                path,
                "knarr",
                server=known[0].rest,
                grpc=",".join(one.grpc for one in known),
                ca=self._authority.pem,
                certificate=pair[0],
                key=pair[1],
            )
        self._written = known, pair


async def _places(client: Client, own: ServerPlace) -> Sequence[ServerPlace]:
    """All servers of the cluster, this one first; this one alone while nobody can say."""
    try:
        known = servers_of(await client.get(ConfigMap, CONFIG))
    except ApiError as error:
        log.warning("other servers not known", error=str(error))
        return (own,)
    return own, *(one for one in known.values() if one != own)


def _certificates(
    options: ServerOptions, settings: ClusterSettings, pki: Path
) -> dict[str, tuple[Path, Wanted]]:
    """What this server shows, and what its administrator does."""
    kubernetes = first_address(settings.service_cidr.partition(",")[0])
    hosts = ("127.0.0.1", *SERVER_NAMES, options.name, options.advertise_address, kubernetes)
    return {
        "server": (
            pki / "apiserver",
            Wanted("knarr-apiserver", hosts=tuple(dict.fromkeys((*hosts, *options.hosts)))),
        ),
        "kubelets": (
            pki / "apiserver-kubelet-client",
            Wanted(API_SERVER, groups=("kubeadm:cluster-admins",)),
        ),
        "admin": (pki / "admin", Wanted("kubernetes-admin", groups=("system:masters",))),
    }


def first_address(network: str, number: int = 1) -> str:
    """An address of a range, the first unless told otherwise."""
    from ipaddress import ip_network  # noqa: PLC0415

    return str(ip_network(network)[number])


def _options(
    options: ServerOptions, settings: ClusterSettings, folder: ServerFolder, store: str
) -> Options:
    pki = folder.pki
    return Options(
        store=store,
        bind_address=options.bind_address,
        secure_port=options.secure_port,
        grpc_port=options.grpc_port,
        grpc_certificate_port=options.grpc_certificate_port,
        token_auth_file=options.token_auth_file,
        shutdown_delay_duration=options.shutdown_delay_s,
        client_ca_file=str(pki / "ca.crt"),
        # Kubelets of other hosts are kept to what is theirs.
        enable_admission_plugins=("NodeRestriction",),
        tls_cert_file=str(pki / "apiserver.crt"),
        tls_private_key_file=str(pki / "apiserver.key"),
        service_account_signing_key_file=str(pki / "service-accounts.key"),
        kubelet_client_certificate=str(pki / "apiserver-kubelet-client.crt"),
        kubelet_client_key=str(pki / "apiserver-kubelet-client.key"),
        kubelet_certificate_authority=str(pki / "ca.crt"),
        registry=RegistrySettings(
            service_network=settings.service_cidr,
            advertise_address=options.advertise_address,
            advertise_port=options.secure_port,
        ),
    )


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
