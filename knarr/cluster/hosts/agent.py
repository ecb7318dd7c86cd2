"""Runs a node: joins, keeps its certificates good, and is kubelet, proxy and name server.

The parts are those of the processes of these names, in one event loop. One
that fails is started again, the others go on.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from msgspec import Struct, field
from yarl import URL

from dns import __main__ as dns
from knarr.cluster.hosts.certificates import Connect, client_wish, obtain, renew, serving_wish
from knarr.cluster.hosts.failure import JoinError, UnreachableError
from knarr.cluster.hosts.join import AgentFolder, JoinOptions, Membership, join
from knarr.cluster.hosts.rest import RefusedError, Rest, rest
from knarr.cluster.hosts.settings import CONFIG, ClusterSettings, servers_in, settings_in
from knarr.cluster.hosts.skew import check_skew
from knarr.daemon.certificates import write_whole
from knarr.daemon.clock import Clock
from knarr.daemon.run import setting_at_fault
from knarr.daemon.settings import Flags, SettingsError
from kubelet import __main__ as kubelet
from proxy import __main__ as proxy

log = structlog.get_logger()

AGAIN_MIN_S = 1.0
AGAIN_MAX_S = 30.0
"""A part that failed is started again after so long, twice as late each time."""

ALIVE_S = 60.0
"""A part that ran for so long is started again soon."""

LOOK_EVERY_S = 60.0
"""How often an agent looks whether there are other servers."""

CONFIG_PATH = f"api/v1/namespaces/{CONFIG.namespace}/configmaps/{CONFIG.name}"


class AgentOptions(Struct, frozen=True, kw_only=True):
    """One node."""

    join: JoinOptions
    state_dir: Path
    runtime: str = "auto"
    node_ip: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()
    dns_port: int = 10053
    """Where names are answered on this host; the Service kube-dns leads there."""
    without: tuple[str, ...] = ()
    """Parts that do not run: `proxy`, `dns`."""
    kubelet: Mapping[str, str] = field(default_factory=dict)
    """Further flags of the kubelet."""
    proxy: Mapping[str, str] = field(default_factory=dict)


async def run_agent(options: AgentOptions, clock: Clock) -> None:
    """Be a node until cancelled. Raise JoinError when this host cannot be one."""
    folder = AgentFolder(options.state_dir)
    options.state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with held(options.state_dir):
        membership = await join(options.join, folder, clock)
        await _be_node(options, folder, membership, clock)


class held:  # noqa: N801  It reads as a verb's participle.
    """The state folder, ours alone while the block runs; `agent.pid` says whose."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None

    def __enter__(self) -> None:
        self._file = os.open(self._folder / "agent.pid", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SettingsError(f"another agent runs in {self._folder}") from None
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def __exit__(self, *_: object) -> None:
        assert self._file is not None, "it was entered"
        os.ftruncate(self._file, 0)
        os.close(self._file)


async def _be_node(
    options: AgentOptions, folder: AgentFolder, membership: Membership, clock: Clock
) -> None:
    @asynccontextmanager
    async def as_node() -> AsyncIterator[Rest]:
        """A server that answers, asked as this node. Raise UnreachableError."""
        async with any_server(folder, membership) as server:
            yield server

    lasts_s = options.join.lasts_s
    serving = serving_wish(folder.path, membership.node, lasts_s)
    data = await _cluster_data(as_node, folder, options.join.version)
    if not folder.serving.exists():
        async with as_node() as server:
            await obtain(server, serving)
    settings = settings_in(data)
    servers = _addresses(data, membership)
    write_whole(folder.servers, "\n".join(servers).encode())
    async with asyncio.TaskGroup() as group:
        client = client_wish(folder.path, membership.node, lasts_s)
        group.create_task(_follow_servers(as_node, folder, membership), name="servers")
        for wish in (client, serving):
            group.create_task(renew(as_node, wish, clock), name=f"renew-{wish.file.stem}")
        for name, run in _parts(options, folder, membership, settings, servers).items():
            group.create_task(keep_running(name, run), name=name)


@asynccontextmanager
async def any_server(folder: AgentFolder, membership: Membership) -> AsyncIterator[Rest]:
    """A server that answers, asked as this node. Raise UnreachableError when none does."""
    known = servers_in(folder.cluster_settings()).values()
    urls = dict.fromkeys((membership.server, *(place.rest for place in known)))
    authority, last = folder.authority.read_bytes(), UnreachableError("there is no server")
    for url in urls:
        async with rest(URL(url), authority=authority, pair=folder.client) as server:
            try:
                await server.get("version")
            except UnreachableError as error:
                last = error
                continue
            yield server
            return
    raise last


async def _follow_servers(as_node: Connect, folder: AgentFolder, membership: Membership) -> None:
    """Learn of servers that come and go, until cancelled."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            async with as_node() as server:
                data = (await server.get(CONFIG_PATH)).get("data") or {}
        except (RefusedError, UnreachableError) as error:
            log.warning("servers not known anew", error=str(error))
            continue
        write_whole(folder.settings, json.dumps(data).encode())
        write_whole(folder.servers, "\n".join(_addresses(data, membership)).encode())


async def _cluster_data(as_node: Connect, folder: AgentFolder, version: str) -> dict[str, str]:
    """The cluster's settings; those known from before when no server answers."""
    try:
        async with as_node() as server:
            found = await server.get("version")
            check_skew(version, str(found.get("gitVersion", "")))
            data = (await server.get(CONFIG_PATH)).get("data") or {}
    except RefusedError as error:
        raise JoinError(f"the servers know this node no longer: {error.message}") from None
    except UnreachableError as error:
        known = folder.cluster_settings()
        if not known:
            raise
        log.warning("no server answers yet, going on as before", error=str(error))
        return known
    write_whole(folder.settings, json.dumps(data).encode())
    return {str(key): str(value) for key, value in data.items()}


def _addresses(data: Mapping[str, str], membership: Membership) -> tuple[str, ...]:
    """The servers' gRPC addresses, first the one by which we joined if it is still there."""
    listed = [place.grpc for place in servers_in(data).values()]
    first = [membership.grpc] if membership.grpc in listed or not listed else []
    return tuple(dict.fromkeys((*first, *listed)))


def _parts(
    options: AgentOptions,
    folder: AgentFolder,
    membership: Membership,
    settings: ClusterSettings,
    servers: tuple[str, ...],
) -> dict[str, Callable[[], Awaitable[None]]]:
    """What a node consists of, each as its process would run it."""
    to_server = {
        "server-file": str(folder.servers),
        "server": ",".join(servers),
        "certificate-authority": str(folder.authority),
        "client-certificate": str(folder.client),
        "client-key": str(folder.client),
        "hostname-override": membership.node,
    }
    kubelet_flags = {
        **to_server,
        "node-ip": ",".join(options.node_ip),
        "node-labels": ",".join(options.labels),
        "register-with-taints": ",".join(options.taints),
        "root-dir": str(folder.path / "kubelet"),
        "cluster-cidr": settings.cluster_cidr[0],
        "tls-cert-file": str(folder.serving),
        "tls-private-key-file": str(folder.serving),
        "client-ca-file": str(folder.authority),
        "runtime": options.runtime,
        "cluster-dns": settings.dns,
        "cluster-domain": settings.domain,
        **options.kubelet,
    }
    proxy_flags = {
        **to_server,
        "cluster-cidr": settings.cluster_cidr[0],
        "local-endpoints": f"kube-system/kube-dns=127.0.0.1:{options.dns_port}",
        **options.proxy,
    }
    dns_flags = {key: value for key, value in to_server.items() if key != "hostname-override"} | {
        "bind-address": "127.0.0.1",
        "port": str(options.dns_port),
    }
    folder.keep_kubelet_flags(arguments_of(kubelet.flags(), kubelet_flags))
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "kubelet": _part(kubelet.flags(), kubelet_flags, kubelet.serve),
        "proxy": _part(proxy.flags(), proxy_flags, proxy.serve),
        "dns": _part(dns.flags(), dns_flags, dns.serve),
    }
    return {name: run for name, run in parts.items() if name not in options.without}


def arguments_of(flags: Flags, values: Mapping[str, str]) -> list[str]:
    """A command line of these flags."""
    return [f"--{name}={value}" for name, value in values.items() if value and flags.knows(name)]


def _part(
    flags: Flags, values: Mapping[str, str], serve: Callable[..., Awaitable[None]]
) -> Callable[[], Awaitable[None]]:
    found = flags.read(arguments_of(flags, values), {})
    return lambda: serve(found)


async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part, again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    again_after_s = AGAIN_MIN_S
    while True:
        began = loop.time()
        try:
            await run()
        except Exception as error:
            told = setting_at_fault(error)
            if told is None:
                log.exception("a part failed", part=name)
            else:
                log.warning("a part cannot run", part=name, error=str(told))
        lasted = loop.time() - began > ALIVE_S
        again_after_s = AGAIN_MIN_S if lasted else min(again_after_s * 2, AGAIN_MAX_S)
        await asyncio.sleep(again_after_s)
