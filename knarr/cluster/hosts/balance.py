"""`knarr balance`: one address for several API servers, for clients that know only one.

    knarr balance --listen=127.0.0.1:6443 --servers=10.0.0.5:6443,10.0.0.6:6443

Connections go to the servers in turn. One that takes none, or says that it is not ready,
is passed over until it is. One that says nothing at all loses the connections that it
had, so that clients make new ones; one that ends sees to its own. TLS goes through as it
is: the servers' certificates must bear the name that clients use.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
import structlog

from knarr.daemon.settings import Flags, SettingsError
from proxy.model import Backend
from proxy.userspace.balancer import Balancer
from proxy.userspace.tcp import TcpListener

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
"""How often servers are asked whether they are ready: a connection is kept for that."""

ANSWER_S = 2.0
"""A server that does not answer by then is taken for one that hangs."""

SILENT_MAX = 3
"""After so many questions without any answer its connections are broken: they hang as well."""


class Ready(Balancer):
    """Servers in turn, those that are not ready last: better a try than none."""

    def __init__(self, servers: Sequence[Backend]) -> None:
        super().__init__(tuple(servers), 0)
        self.lost: set[Backend] = set()

    def candidates(self, client: str, now_s: float) -> Iterator[Backend]:
        """The servers to try, the best first, each once."""
        yield from sorted(super().candidates(client, now_s), key=lambda one: one in self.lost)


def balance_flags() -> Flags:
    """The flags of `knarr balance`."""
    flags = Flags("knarr balance", "Lead connections to one address to any of several API servers.")
    flags.flag("listen", default="127.0.0.1:6443", help="where clients come: HOST:PORT")
    flags.flag("servers", default=(), help="where the API servers are: HOST:PORT,HOST:PORT…")
    return flags


@asynccontextmanager
async def balancing(listen: str, servers: Sequence[str]) -> AsyncIterator[int]:
    """Lead connections on while the block runs; answer the port. Raise SettingsError."""
    if not servers:
        raise SettingsError("--servers: none is named")
    balancer = Ready([Backend(*_place(one, "--servers")) for one in servers])
    host, port = _place(listen, "--listen")
    listener = TcpListener(host, port, balancer)
    try:
        await listener.open()
    except OSError as error:
        raise SettingsError(f"--listen={listen}: {error.strerror}") from None
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as session:
        looking = [
            group.create_task(_look(session, listener, balancer, one), name=f"look-{one.address}")
            for one in balancer.backends
        ]
        try:
            yield listener.port
        finally:
            await listener.close()
            for one in looking:
                one.cancel()


async def run_balancer(listen: str, servers: Sequence[str]) -> None:
    """Lead connections on until cancelled. Raise SettingsError."""
    async with balancing(listen, servers) as port:
        log.info("balancing", listen=listen, port=port, servers=",".join(servers))
        await asyncio.Event().wait()


async def _look(
    session: aiohttp.ClientSession, listener: TcpListener, balancer: Ready, server: Backend
) -> None:
    """Keep in mind whether a server is ready, until cancelled."""
    silent = 0
    while True:
        status = await _ready_status(session, server)
        silent = 0 if status else silent + 1
        if silent and silent % SILENT_MAX == 0:
            listener.cut(server)
        # A server that lets nobody ask without a name works.
        is_lost = not status or status >= 500
        if is_lost != (server in balancer.lost):
            log.info("server", server=server.address, is_ready=not is_lost)
        (balancer.lost.add if is_lost else balancer.lost.discard)(server)
        await asyncio.sleep(LOOK_EVERY_S)


async def _ready_status(session: aiohttp.ClientSession, server: Backend) -> int:
    """What a server answers who asks whether it is ready; 0 for nothing."""
    host, port = server.address
    url = f"https://{f'[{host}]' if ':' in host else host}:{port}/readyz"
    try:
        # Whom clients believe is their matter; we tell the server nothing.
        async with session.get(
            url, ssl=False, timeout=aiohttp.ClientTimeout(total=ANSWER_S)
        ) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


def _place(text: str, flag: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdigit():
        raise SettingsError(f"{flag}: {text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)
