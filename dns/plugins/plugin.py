"""What a step of an answer is.

A plugin answers a query itself or asks the next one, and may change what goes
either way. Copy `log.py` to begin another.
"""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random

from msgspec import Struct, field

from dns.cluster import WatchedCluster
from dns.corefile import Block, Directive
from dns.message import REFUSED, Labels, Query, Reply, is_within, labels_of, lower
from knarr.daemon.clock import Clock

Ask = Callable[[Query], Awaitable[Reply]]
"""The rest of the way to an answer."""


class Site(Struct):
    """What plugins may need of the server they are part of."""

    cluster: WatchedCluster
    clock: Clock
    chance: Random
    addresses: tuple[str, ...] = ()
    """Where the server answers."""
    port: int = 0
    """The port it answers at."""
    hits: Callable[[], int] = int
    """How many queries were answered from ready-made bytes."""
    plugins: list["Plugin"] = field(default_factory=list)
    """All plugins of the server."""
    corefile: Path | None = None
    """Where the configuration comes from, if from a file."""
    reload: Callable[[tuple[Block, ...]], None] = lambda _blocks: None
    """Go on with another configuration. Raises CorefileError."""
    is_loop: bool = False
    """Whether what we ask others comes back to us; then nothing is asked."""
    ask: Ask | None = None
    """The whole way, from the first plugin on."""


class Plugin:
    """One step. As it stands here it asks the next one."""

    name = ""
    sees_all = False
    """Whether it must see every query, even those with ready-made answers."""

    takes_classes = False
    """Whether it is to be asked about classes other than the Internet's."""
    lameduck_s = 0.0
    """For so long queries are answered after the end is near."""

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer a query or have the next one do so."""
        return await ask_next(query)

    async def run(self) -> None:
        """Work beside the queries until cancelled, if there is any to do."""

    def not_ready(self) -> str | None:
        """Why queries had better go elsewhere; None when they had not."""
        return None


Make = Callable[[Directive, Block, Site], Plugin]
"""Makes a plugin from its configuration. Raises CorefileError."""


MakeAll = Callable[[Sequence[Directive], Block, Site], Plugin]
"""Makes one plugin from all its lines of a server. Raises CorefileError."""


def each_for_itself(directive: Directive, _block: Block, _site: Site) -> "Plugin":
    """Stands in the order for a plugin that is made from all its lines together."""
    raise directive.wrong("is made from all its lines")


def chained(plugins: Sequence[Plugin]) -> Ask:
    """The way through plugins in this order."""
    ask: Ask = _refuse
    for plugin in reversed(plugins):
        ask = partial(_step, plugin, ask)
    return ask


def zones_of(arguments: Sequence[str], block: Block) -> tuple[Labels, ...]:
    """The zones a plugin is for: those named, else the server's; ranges are reverse zones."""
    names = (name for zone in arguments or block.zones for name in reverse_zones(zone))
    return tuple(lower(labels_of(name)) for name in names)


def reverse_zones(zone: str) -> Sequence[str]:
    """The reverse zones of a range of addresses; what is none stays as it is."""
    if "/" not in zone:
        return (zone,)
    try:
        network = ipaddress.ip_network(zone, strict=False)
    except ValueError:
        return (zone,)
    bits = 8 if network.version == 4 else 4
    length = min(-(-network.prefixlen // bits) * bits, network.max_prefixlen)
    parts = length // bits
    found = []
    for one in network.subnets(new_prefix=length):
        labels = one.network_address.reverse_pointer.split(".")
        found.append(".".join(labels[len(labels) - 2 - parts :]))
    return found


def zone_around(zones: Sequence[Labels], name: Labels) -> Labels | None:
    """The narrowest of the zones that a lower-case name is in."""
    around = [zone for zone in zones if is_within(name, zone)]
    return max(around, key=len) if around else None


async def _step(plugin: Plugin, ask_next: Ask, query: Query) -> Reply:
    return await plugin.answer(query, ask_next)


async def _refuse(_query: Query) -> Reply:
    """Nobody has anything to say."""
    return Reply(rcode=REFUSED)
