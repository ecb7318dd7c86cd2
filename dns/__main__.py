"""The process knarr-dns."""

import asyncio
import os
import socket
import sys
from argparse import Namespace
from pathlib import Path

from dns.corefile import DEFAULT, PORT, Block, parse
from dns.dns import Dns, DnsOptions
from dns.imports import beside
from dns.presence import Place, present
from knarr.api.keys import Key
from knarr.client.flags import add_client_flags, client_of
from knarr.client.informers import Informers
from knarr.daemon.addresses import own_address
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import Flags, SettingsError, add_log_flags
from knarr.daemon.slices import ask_for_short_turns, come_first

NAME = "knarr-dns"


def flags() -> Flags:
    """All flags of knarr-dns."""
    found = Flags(NAME, "Answers names of the cluster, and asks elsewhere for all others.")
    add_client_flags(found)
    found.flag("conf", default="", help="Corefile; without one, as in most clusters")
    found.flag("bind-address", default=("0.0.0.0",), help="addresses that names are answered at")
    found.flag("port", type=int, default=None, metavar="PORT", help="instead of the Corefile's")
    found.flag("service", default="", help="NAMESPACE/NAME: keep this Service leading to us")
    found.flag("advertise-address", default="", help="where others reach us, for --service")
    found.flag(
        "real-time-priority",
        default=False,
        help="answer before all programs of ordinary priority; needs root or CAP_SYS_NICE",
    )
    add_log_flags(found)
    return found


def blocks_of(path: str) -> tuple[Block, ...]:
    """The configuration. Raise SettingsError."""
    try:
        text = Path(path).read_text() if path else DEFAULT
        return parse(text, os.environ, beside(Path(path) if path else None))
    except OSError as error:
        raise SettingsError(f"--conf {path}: {error.strerror}") from None


def place_of(found: Namespace) -> Place | None:
    """Where the Service that flags name is to lead. Raise SettingsError."""
    if not found.service:
        return None
    namespace, _, name = found.service.partition("/")
    if not namespace or not name:
        raise SettingsError(f"--service: {found.service!r} is not NAMESPACE/NAME")
    address = found.advertise_address or own_address()
    if not address:
        raise SettingsError("--advertise-address is needed: no way leads out of this host")
    return Place(Key(namespace, name), socket.gethostname().lower(), address, found.port or PORT)


def take_turns(found: Namespace) -> None:
    """Ask for a processor as soon as there is something to answer. End where that is refused."""
    if not found.real_time_priority:
        ask_for_short_turns()
        return
    try:
        come_first()
    except PermissionError:
        sys.exit(f"{NAME}: --real-time-priority: needs root or the capability CAP_SYS_NICE")


async def serve(found: Namespace) -> None:
    """Answer until cancelled."""
    options = DnsOptions(
        blocks=blocks_of(found.conf),
        addresses=found.bind_address,
        ports=() if found.port is None else (found.port,),
        corefile=Path(found.conf) if found.conf else None,
    )
    async with (
        client_of(found, program=NAME) as client,
        Informers(client) as informers,
    ):
        clock = SystemClock()
        dns = Dns(options, informers, clock, seeded())
        place = place_of(found)
        if place is None:
            await dns.run()
            return
        async with asyncio.TaskGroup() as group:
            running = group.create_task(dns.run(), name="dns")
            await dns.ready.wait()
            async with present(client, place, clock):
                await asyncio.wait([running])


def main() -> None:
    """Run knarr-dns."""
    found = flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    take_turns(found)  # Before there are threads, so that all have them.
    run_daemon(NAME, serve(found))


if __name__ == "__main__":
    main()
