"""`knarr resolve`: asks the cluster's own name server."""

import sys
from collections.abc import Sequence

import dnslib

from knarr.cluster.options import add_name_flags, folder_of
from knarr.daemon.settings import Flags, SettingsError

ANSWER_S = 2.0
"""How long the name server may take."""


def resolve(arguments: Sequence[str]) -> int:
    """Print what a name stands for; 1 when the cluster knows no such name."""
    flags = Flags("knarr resolve", "Ask the cluster's name server for a name.")
    add_name_flags(flags)
    flags.flag("type", default="A", help="kind of record: A, AAAA, SRV, PTR, CNAME, TXT")
    flags.add_argument("names", nargs="+", metavar="DNS-NAME")
    found = flags.read(arguments)
    running = folder_of(found.state_dir, found.name).running()
    if running is None or not running.dns:
        raise SettingsError(f"cluster {found.name} does not run a name server; see `knarr status`")
    host, _, port = running.dns.rpartition(":")
    answers = [_ask(host, int(port), name, found.type) for name in found.names]
    for lines in answers:
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0 if all(answers) else 1


def _ask(host: str, port: int, name: str, kind: str) -> list[str]:
    question = dnslib.DNSRecord.question(name, kind)
    try:
        packet = question.send(host, port, timeout=ANSWER_S)
    except (OSError, TimeoutError) as error:
        raise SettingsError(f"the name server at {host}:{port} does not answer: {error}") from None
    return [f"{record.rname} {record.rdata}" for record in dnslib.DNSRecord.parse(packet).rr]
