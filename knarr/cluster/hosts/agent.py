"""Runs a node: joins, keeps its certificates good, and is kubelet, proxy and name server.

The parts are those of the processes of these names, in one event loop. One
that fails is started again, the others go on.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from yarl import URL

from knarr.cluster.hosts.certificates import Connect, client_wish, obtain, renew, serving_wish
from knarr.cluster.hosts.discovery import pins_of
from knarr.cluster.hosts.failure import JoinError, UnreachableError
from knarr.cluster.hosts.join import AgentFolder, Membership, join
from knarr.cluster.hosts.parts import AgentOptions, flags_of, keep_running, parts_of
from knarr.cluster.hosts.rest import RefusedError, Rest, rest
from knarr.cluster.hosts.settings import AUTHORITIES, CONFIG, servers_in, settings_in
from knarr.cluster.hosts.skew import check_skew
from knarr.daemon.certificates import write_whole
from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

LOOK_EVERY_S = 60.0
"""How often an agent looks whether there are other servers."""

CONFIG_PATH = f"api/v1/namespaces/{CONFIG.namespace}/configmaps/{CONFIG.name}"


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
    servers = _addresses(data, membership)
    write_whole(folder.servers, "\n".join(servers).encode())
    async with asyncio.TaskGroup() as group:
        client = client_wish(folder.path, membership.node, lasts_s)
        group.create_task(_follow_servers(as_node, folder, membership), name="servers")
        for wish in (client, serving):
            keeping = renew(as_node, wish, clock, folder.authority)
            group.create_task(keeping, name=f"renew-{wish.file.stem}")
        flags = flags_of(options, folder, membership, settings_in(data), servers)
        folder.keep_flags_of_parts(flags)
        for name, run in parts_of(flags).items():
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
        _believe(folder, data)


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
    _believe(folder, data)
    return {str(key): str(value) for key, value in data.items()}


def _believe(folder: AgentFolder, data: Mapping[str, str]) -> None:
    """Believe whom the cluster believes: we were told by a server that we believed before."""
    told = str(data.get(AUTHORITIES, "")).encode()
    if told and told != folder.authority.read_bytes():
        log.info("other authorities are believed", authorities=sorted(pins_of(told)))
        write_whole(folder.authority, told)


def _addresses(data: Mapping[str, str], membership: Membership) -> tuple[str, ...]:
    """The servers' gRPC addresses, first the one by which we joined if it is still there."""
    listed = [place.grpc for place in servers_in(data).values()]
    first = [membership.grpc] if membership.grpc in listed or not listed else []
    return tuple(dict.fromkeys((*first, *listed)))
