"""Writes a line a query."""

import structlog
from dnslib import QTYPE, RCODE

from dns.corefile import Block, Directive
from dns.message import Query, Reply, text_of
from dns.plugins.plugin import Ask, Plugin, Site

log = structlog.get_logger()


class Log(Plugin):
    """Who asked what, and what he was told."""

    name = "log"
    sees_all = True

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Ask the next one and note what it says."""
        reply = await ask_next(query)
        log.info(
            "query",
            client=query.client,
            name=text_of(query.name),
            type=str(QTYPE.get(query.type)),
            protocol="tcp" if query.over_tcp else "udp",
            rcode=str(RCODE.get(reply.rcode)),
        )
        return reply


def make(_directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that `log` asks for."""
    return Log()
