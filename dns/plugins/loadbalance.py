"""Turns the order of addresses, so that clients that take the first one spread."""

from msgspec.structs import replace

from dns.corefile import Block, Directive
from dns.message import Query, Reply, rotated
from dns.plugins.plugin import Ask, Plugin, Site


class LoadBalance(Plugin):
    """Round robin."""

    name = "loadbalance"

    def __init__(self) -> None:
        self._turn = 0

    async def answer(self, query: Query, ask_next: Ask) -> Reply:
        """Begin with another address than the last time."""
        reply = await ask_next(query)
        if len(reply.answer) < 2:
            return reply
        self._turn += 1
        return replace(reply, answer=rotated(reply.answer, self._turn))


def make(directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that `loadbalance` asks for."""
    if directive.arguments not in ((), ("round_robin",)):
        raise directive.wrong(f"knows round_robin, not {' '.join(directive.arguments)}")
    return LoadBalance()
