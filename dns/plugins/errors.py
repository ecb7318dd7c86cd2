"""Turns what goes wrong on the way into SERVFAIL and, if configured, a line in the log."""

import structlog

from dns.corefile import Block, Directive
from dns.message import SERVFAIL, Query, Reply, text_of
from dns.plugins.plugin import Ask, Plugin, Site

log = structlog.get_logger()


class Errors(Plugin):
    """The one place where failures end."""

    name = "errors"

    def __init__(self, *, logs: bool) -> None:
        self._logs = logs

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Answer even where the rest of the way fails."""
        try:
            return await ask_next(query)
        except Exception as error:
            if self._logs and not query.is_probe:
                log.warning("query failed", name=text_of(query.name), error=repr(error))
            return Reply(rcode=SERVFAIL)


def make(_directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that `errors` asks for."""
    return Errors(logs=True)
