"""Serves one small HTTP page for a plugin."""

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web

from dns.corefile import Directive

log = structlog.get_logger()

Page = Callable[[], web.Response]


def place_of(directive: Directive, default: str) -> tuple[str, int]:
    """The address and port that a directive names, as in `:8080`. Raise CorefileError."""
    text = directive.arguments[0] if directive.arguments else default
    address, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 0xFFFF:
        raise directive.wrong(f"{text!r} has no port")
    return address.strip("[]"), int(port)


async def serve_page(place: tuple[str, int], path: str, page: Page) -> None:
    """Serve until cancelled; say so where the port is taken, for names matter more."""

    async def answer(_request: web.Request) -> web.Response:
        return page()

    app = web.Application()
    app.router.add_get(path, answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        address, port = place
        try:
            await web.TCPSite(runner, address or None, port).start()
        except OSError as error:
            log.warning("page not served", path=path, port=port, error=error.strerror)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
