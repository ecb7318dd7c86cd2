"""Serves /ready: whether every plugin can do its work."""

from aiohttp import web

from dns.corefile import Block, Directive
from dns.plugins.pages import place_of, serve_page
from dns.plugins.plugin import Plugin, Site


class Ready(Plugin):
    """Asks all plugins."""

    name = "ready"

    def __init__(self, place: tuple[str, int], site: Site) -> None:
        self._place = place
        self._site = site

    async def run(self) -> None:
        """Serve the page."""
        await serve_page(self._place, "/ready", self._page)

    def _page(self) -> web.Response:
        waiting = [one.name for one in self._site.plugins if one.not_ready() is not None]
        if waiting:
            return web.Response(status=503, text=",".join(waiting))
        return web.Response(text="OK")


def make(directive: Directive, _block: Block, site: Site) -> Plugin:
    """The plugin that `ready` asks for."""
    return Ready(place_of(directive, ":8181"), site)
