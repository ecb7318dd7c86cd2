"""Serves /health: whether the process lives."""

from argparse import ArgumentTypeError

from aiohttp import web

from dns.corefile import Block, Directive
from dns.plugins.pages import place_of, serve_page
from dns.plugins.plugin import Plugin, Site
from knarr.daemon.settings import duration_s


class Health(Plugin):
    """Whoever answers lives."""

    name = "health"

    def __init__(self, place: tuple[str, int], lameduck_s: float) -> None:
        self._place = place
        self.lameduck_s = lameduck_s

    async def run(self) -> None:
        """Serve the page."""
        await serve_page(self._place, "/health", lambda: web.Response(text="OK"))


def make(directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that `health` asks for."""
    lameduck_s = 0.0
    for line in directive.block:
        if len(line) != 2 or line[0] != "lameduck":
            raise directive.wrong(f"cannot use {' '.join(line)}")
        try:
            lameduck_s = duration_s(line[1])
        except ArgumentTypeError as error:
            raise directive.wrong(str(error)) from None
    return Health(place_of(directive, ":8080"), lameduck_s)
