"""Runs each part of a cluster as a process of its own, over gRPC, and starts again what ends."""

import asyncio
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import structlog
from msgspec import Struct
from msgspec.structs import fields, replace

from apiserver.server import Options
from knarr.api.core.node import Node
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client import snapshots
from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from knarr.client.informers import Informers
from knarr.cluster.doors import Doors
from knarr.cluster.folder import Addresses, Folder, Layout, Running
from knarr.cluster.kubeconfig import add_context
from knarr.cluster.networking import DNS_PORTS, KUBE_DNS, make_dns_service, remove_rules
from knarr.cluster.one_process import (
    ADDRESS,
    account_key,
    is_ready,
    network_of,
    node_name,
    open_network,
    run_in_folder,
    running_of,
    server_certificates,
    server_options,
    stop_all,
    with_runtime,
)
from knarr.cluster.options import UpOptions, layout_of
from knarr.cluster.rootless import BRIDGE, Outside
from knarr.cluster.whole import connect as connect_blocking
from knarr.cluster.whole import keep_first_state
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.child import Child
from knarr.daemon.clock import SystemClock
from kubelet.runtime.choose import RuntimeSettings, open_runtime
from proxy.proxy import Proxy
from proxy.userspace.mode import UserspaceMode

log = structlog.get_logger()

AGAIN_AFTER_S = 1.0
"""A part that ended is started again so much later, twice as late each time it ends soon."""

AGAIN_MAX_S = 30.0

STOP_S = 10.0
"""A part that does not end by then is ended."""

LOOK_EVERY_S = 0.1

_SERVER_FLAGS = (
    "store",
    "bind_address",
    "secure_port",
    "grpc_port",
    "token_auth_file",
    "client_ca_file",
    "tls_cert_file",
    "tls_private_key_file",
    "service_account_signing_key_file",
    "kubelet_client_certificate",
    "kubelet_client_key",
    "kubelet_certificate_authority",
    "proxy_client_cert_file",
    "proxy_client_key_file",
    "requestheader_client_ca_file",
)


class Part(Struct, frozen=True):
    """A process: its name, the module it runs and its flags."""

    name: str
    module: str
    flags: tuple[str, ...]


async def run_separately(options: UpOptions, outside: Outside | None = None) -> None:
    """Run until cancelled. Raise SettingsError when it cannot be started.

    With `outside` all parts are in a network of the cluster's own, and users in the machine's.
    """
    await run_in_folder(_run, options, outside)


async def _run(options: UpOptions, folder: Folder, doors: Doors | None) -> None:
    layout = layout_of(options, folder, ADDRESS)
    options = await with_runtime(options)
    network = network_of(options)
    addresses = layout.addresses(network)
    await open_network(options, layout, addresses, doors)
    authority = Authority.at(folder.pki, SystemClock())
    token = folder.admin_token(options.token_auth_file)
    running = running_of(options, layout, network)
    server = server_options(options, folder, layout, addresses, authority)
    dns_port = _dns_port(_dns_address(addresses, network), network)
    parts = _parts(options, folder, layout, addresses, authority, server, token, dns_port)
    add_context(
        options.kubeconfig,
        options.name,
        server=running.server,
        grpc=running.grpc,
        ca=authority.pem,
        token=token,
    )
    folder.say(running)
    credentials = Credentials(authority=authority.pem, token=token)
    try:
        async with asyncio.TaskGroup() as group:
            certificates = (
                *server_certificates(folder.pki, addresses.kubernetes),
                *(
                    _kubelet_certificate(folder, node_name(options, n))
                    for n in range(options.nodes)
                ),
            )
            group.create_task(authority.keep(certificates), name="certificates")
            for part in parts:
                group.create_task(_keep(part, folder), name=part.name)
            async with connect((running.grpc,), credentials) as client:
                await _wait(client, options.nodes)
                if network != "none":
                    local = network == "loopback"
                    await make_dns_service(client, addresses.dns, is_loopback=local)
            if doors is not None:
                group.create_task(_carry_outside(options, running, credentials, doors, dns_port))
            dns = f"{_dns_address(addresses, network)}:{dns_port}" if network != "none" else ""
            if options.store == "memory" or not folder.first_state.exists():
                await asyncio.to_thread(_keep_first_state, folder, running)
            folder.say(replace(running, dns=dns, ready=True))
            log.info("ready", server=running.server, nodes=options.nodes, parts=len(parts))
    finally:
        await _stop_containers(options, folder)
        if network == "bridge":
            await remove_rules(f"{addresses.pods}.0.0/16")


async def _carry_outside(
    options: UpOptions, running: Running, credentials: Credentials, doors: Doors, dns_port: int
) -> None:
    """Have names, node ports and balancers answer in the machine's network, until cancelled."""
    await doors.open_names(dns_port)

    def warn(key: Key, message: str) -> None:
        log.warning("a Service is not carried outside", service=str(key), reason=message)

    mode = UserspaceMode([ADDRESS], warn, doors.leads_in, only_outside=True)
    async with connect((running.grpc,), credentials) as client, Informers(client) as informers:
        services, slices = informers.of(Service), informers.of(EndpointSlice)
        await Proxy(services, slices, mode, node_name(options, 0), nodes=informers.of(Node)).run()


def _keep_first_state(folder: Folder, running: Running) -> None:
    client = connect_blocking(folder, running)
    try:
        keep_first_state(folder, list(snapshots.save(client)))
    finally:
        client.close()


def _parts(
    options: UpOptions,
    folder: Folder,
    layout: Layout,
    addresses: Addresses,
    authority: Authority,
    server: Options,
    token: str,
    dns_port: int,
) -> list[Part]:
    """Every process of the cluster, in the order in which they are started."""
    token_file = folder.path / "admin.token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    ca = str(folder.pki / "ca.crt")
    to_server = _flags(
        {
            "server": f"{ADDRESS}:{layout.grpc_port}",
            "certificate-authority": ca,
            "token-file": str(token_file),
        }
    )
    known = {field.name: getattr(server, field.name) for field in fields(server)}
    server_flags = {name.replace("_", "-"): str(known[name]) for name in _SERVER_FLAGS}
    server_flags["service-cluster-ip-range"] = addresses.services
    parts = [
        Part("apiserver", "apiserver", _flags(server_flags)),
        Part(
            "controller-manager",
            "controller_manager",
            (
                *to_server,
                *_flags(
                    {
                        "secure-port": "0",
                        "root-ca-file": ca,
                        "provision-root": str(folder.path / "volumes") if options.nodes else "",
                        "storage-classes": ",".join(options.storage_classes),
                        "cluster-signing-cert-file": ca,
                        "cluster-signing-key-file": str(folder.pki / "ca.key"),
                        "service-account-private-key-file": str(account_key(folder)),
                        "load-balancer-pool": addresses.balancers
                        if network_of(options) != "none"
                        else "",
                    }
                ),
            ),
        ),
        Part("scheduler", "scheduler", (*to_server, *_flags({"secure-port": "0"}))),
    ]
    parts += _carriers(options, addresses, to_server, dns_port)
    for number in range(options.nodes):
        parts.append(_kubelet(options, folder, addresses, authority, number, to_server))
    return parts


def _carriers(
    options: UpOptions, addresses: Addresses, to_server: tuple[str, ...], dns_port: int
) -> list[Part]:
    """What carries Services and answers names, where pods have addresses."""
    network = network_of(options)
    if network == "none":
        return []
    proxy = {"hostname-override": node_name(options, 0), "healthz-port": "0"}
    names = {"port": str(dns_port)}
    if network == "loopback":
        proxy |= {"proxy-mode": "userspace", "nodeport-addresses": f"{ADDRESS}/32"}
        names["bind-address"] = addresses.dns
    else:
        proxy["cluster-cidr"] = f"{addresses.pods}.0.0/16"
        proxy["local-endpoints"] = f"{KUBE_DNS}={ADDRESS}:{dns_port}"
        names["bind-address"] = ADDRESS
    return [
        Part("proxy", "proxy", (*to_server, *_flags(proxy))),
        Part("dns", "dns", (*to_server, *_flags(names))),
    ]


def _kubelet(
    options: UpOptions,
    folder: Folder,
    addresses: Addresses,
    authority: Authority,
    number: int,
    to_server: tuple[str, ...],
) -> Part:
    name = node_name(options, number)
    pair = authority.ensure(*_kubelet_certificate(folder, name))
    flags = {
        "hostname-override": name,
        "node-ip": ADDRESS,
        "root-dir": str(folder.node(name)),
        "pod-cidr": addresses.of_node(number, is_hollow=options.runtime == "hollow"),
        "address": ADDRESS,
        "port": "0",
        "healthz-port": "0",
        "tls-cert-file": str(pair.certificate),
        "tls-private-key-file": str(pair.key),
        "client-ca-file": str(folder.pki / "ca.crt"),
        "runtime": options.runtime,
        "cluster-dns": addresses.dns,
        "cluster-cidr": f"{addresses.pods}.0.0/16" if network_of(options) == "bridge" else "",
        "pod-bridge": f"{BRIDGE}={addresses.gateway}" if options.network == "rootless" else "",
        # A full disk of a laptop is no reason to run nothing, and its images are its owner's.
        "eviction-hard": "memory.available<100Mi",
        "image-gc-high-threshold": "100",
        "image-gc-low-threshold": "99",
    }
    return Part(f"kubelet-{name}", "kubelet", (*to_server, *_flags(flags)))


def _kubelet_certificate(folder: Folder, name: str) -> tuple[Path, Wanted]:
    return folder.pki / f"kubelet-{name}", Wanted(name, hosts=(name, ADDRESS))


def _flags(values: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"--{name}={value}" for name, value in values.items() if value != "")


async def _keep(part: Part, folder: Folder) -> None:
    """Run a part, again and again, until cancelled; then end it."""
    again_after_s = AGAIN_AFTER_S
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        code = await _run_part(part, folder.path / f"log-{part.name}")
        lasted = loop.time() - began > AGAIN_MAX_S
        again_after_s = AGAIN_AFTER_S if lasted else min(again_after_s * 2, AGAIN_MAX_S)
        log.warning("a part ended", part=part.name, code=code, again_after_s=again_after_s)
        await asyncio.sleep(again_after_s)


async def _run_part(part: Part, log_file: Path) -> int:
    with log_file.open("ab") as out:
        child = Child.start_on([sys.executable, "-m", part.module, *part.flags], out.fileno())
    try:
        return await child.wait()
    except asyncio.CancelledError:
        await child.end(within_s=STOP_S)
        raise


async def _wait(client: Client, nodes: int) -> None:
    """Wait until the API server answers and so many nodes are ready."""
    while True:
        with suppress(ApiError):
            listed = await client.list(Node)
            if sum(1 for node in listed.items if is_ready(node)) >= nodes:
                return
        await asyncio.sleep(LOOK_EVERY_S)


def _dns_address(addresses: Addresses, network: str) -> str:
    return addresses.dns if network == "loopback" else ADDRESS


def _dns_port(address: str, network: str) -> int:
    """The first port that names may be answered at; where the kernel leads to it, any."""
    for port in DNS_PORTS if network == "loopback" else (0,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with suppress(PermissionError):
                probe.bind((address, port))
                return int(probe.getsockname()[1])
    return DNS_PORTS[0]


async def _stop_containers(options: UpOptions, folder: Folder) -> None:
    """Kubelets let containers go on when they end; the end of the cluster is theirs too."""
    if options.runtime == "hollow":
        return
    for number in range(options.nodes):
        name = node_name(options, number)
        settings = RuntimeSettings(
            kind=options.runtime, state_dir=folder.node(name), node_name=name
        )
        async with open_runtime(settings, SystemClock()) as runtime:
            await stop_all(runtime)
