"""The process knarr-dns."""

import os
from argparse import Namespace
from pathlib import Path

from dns.corefile import DEFAULT, Block, parse
from dns.dns import Dns, DnsOptions
from knarr.client.flags import add_client_flags, client_of
from knarr.client.informers import Informers
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import Flags, SettingsError, add_log_flags

NAME = "knarr-dns"


def flags() -> Flags:
    """All flags of knarr-dns."""
    found = Flags(NAME, "Answers names of the cluster, and asks elsewhere for all others.")
    add_client_flags(found)
    found.flag("conf", default="", help="Corefile; without one, as in most clusters")
    found.flag("bind-address", default=("0.0.0.0",), help="addresses that names are answered at")
    found.flag("port", type=int, default=None, metavar="PORT", help="instead of the Corefile's")
    add_log_flags(found)
    return found


def blocks_of(path: str) -> tuple[Block, ...]:
    """The configuration. Raise SettingsError."""
    try:
        text = Path(path).read_text() if path else DEFAULT
        return parse(text, os.environ)
    except OSError as error:
        raise SettingsError(f"--conf {path}: {error.strerror}") from None


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
        await Dns(options, informers, SystemClock(), seeded()).run()


def main() -> None:
    """Run knarr-dns."""
    found = flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon(NAME, serve(found))


if __name__ == "__main__":
    main()
