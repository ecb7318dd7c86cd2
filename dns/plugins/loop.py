"""Notices when what we ask other servers comes back to us."""

import asyncio
from contextlib import suppress

import structlog
from dnslib import QTYPE

from dns.corefile import Block, Directive
from dns.message import NXDOMAIN, Labels, Query, Reply, question
from dns.plugins.plugin import Ask, Plugin, Site

log = structlog.get_logger()

SEEN_MAX = 2
"""Our probe comes by once when we send it; more often only in a circle."""

PROBES = 3
"""So often it is sent until an upstream answers."""

AGAIN_S = 2.0


class Loop(Plugin):
    """Sends a query that nobody else would ask, and sees whether it returns."""

    name = "loop"

    def __init__(self, site: Site) -> None:
        self._site = site
        self._probe: Labels = ()
        self._seen = 0

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Count our own probe; everything else goes on."""
        if query.type != QTYPE.HINFO or query.name != self._probe:
            return await ask_next(query)
        self._seen += 1
        if self._seen > SEEN_MAX:
            if not self._site.is_loop:
                log.error("queries come back to us, none are passed on", port=self._site.port)
            self._site.is_loop = True
            return Reply(rcode=NXDOMAIN)
        return await ask_next(query)

    async def run(self) -> None:
        """Send the probe until somebody has answered it."""
        empty = Query(id=1, name=(), type=QTYPE.HINFO, is_probe=True)
        for _ in range(PROBES):
            if self._site.ask is None:
                return
            numbers = (self._site.chance.getrandbits(62) for _ in range(2))
            self._probe = tuple(str(number).encode() for number in numbers)
            self._seen = 0
            with suppress(OSError, TimeoutError):
                reply = await self._site.ask(question(empty, self._probe))
                if reply.wire is not None or self._seen > SEEN_MAX:
                    return
            await asyncio.sleep(AGAIN_S)


def make(_directive: Directive, _block: Block, site: Site) -> Plugin:
    """The plugin that `loop` asks for."""
    return Loop(site)
