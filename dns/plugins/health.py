"""Serves /health: whether the process lives."""

from aiohttp import web

from dns.corefile import Block, Directive
from dns.plugins.pages import place_of, serve_page
from dns.plugins.plugin import Plugin, Site


class Health(Plugin):
    """Whoever answers lives."""

    name = "health"

    def __init__(self, place: tuple[str, int]) -> None:
        self._place = place

    async def run(self) -> None:
        """Serve the page."""
        await serve_page(self._place, "/health", lambda: web.Response(text="OK"))


def make(directive: Directive, _block: Block, _site: Site) -> Plugin:
    """The plugin that `health` asks for."""
    return Health(place_of(directive, ":8080"))
