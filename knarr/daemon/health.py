"""The small HTTP server of every daemon: /healthz, /livez, /readyz and /metrics.

A check is a plain function that returns or raises; what it raises says in one
line what is wrong. `?verbose` lists the checks, `/readyz/NAME` asks one alone.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from knarr.daemon.settings import SettingsError

Check = Callable[[], None]
"""Returns when all is well; raises otherwise. It cannot wait."""


class NotReadyError(Exception):
    """A check fails; the message is one line that says why."""


class Health:
    """What a daemon checks: whether it lives, and whether it is ready as well."""

    def __init__(
        self, *, live: Mapping[str, Check] | None = None, ready: Mapping[str, Check] | None = None
    ) -> None:
        self._live = {"ping": _ping, **(live or {})}
        self._ready = {**self._live, **(ready or {})}

    def routes(self) -> Iterable[web.RouteDef]:
        """The pages, to be served by this or by a daemon's own HTTP server."""
        for page, checks in (
            ("healthz", self._live),
            ("livez", self._live),
            ("readyz", self._ready),
        ):
            yield web.get(f"/{page}", _page(page, checks))
            yield web.get(f"/{page}/{{check}}", _one_check(checks))
        yield web.get("/metrics", _metrics)


@asynccontextmanager
async def serve_health(health: Health, address: str, port: int) -> AsyncIterator[int]:
    """Serve the pages while the block runs; answer the port. Raise SettingsError if it is busy."""
    app = web.Application()
    app.add_routes(health.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, address, port)
        try:
            await site.start()
        except OSError as error:
            raise SettingsError(
                f"cannot listen on {address}:{port}: {error.strerror or error}"
            ) from None
        yield int(runner.addresses[0][1])
    finally:
        await runner.cleanup()


def _ping() -> None:
    """Whoever answers lives."""


def _page(
    page: str, checks: Mapping[str, Check]
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        excluded = set(request.query.getall("exclude", []))
        lines, failed = [], []
        for name, check in checks.items():
            if name in excluded:
                lines.append(f"[+]{name} excluded: ok")
                continue
            wrong = _wrong(check)
            lines.append(f"[+]{name} ok" if wrong is None else f"[-]{name} failed: {wrong}")
            if wrong is not None:
                failed.append(name)
        if failed:
            return _text("\n".join([*lines, f"{page} check failed", ""]), status=500)
        if "verbose" in request.query:
            return _text("\n".join([*lines, f"{page} check passed", ""]))
        return _text("ok")

    return answer


def _one_check(checks: Mapping[str, Check]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def answer(request: web.Request) -> web.Response:
        check = checks.get(request.match_info["check"])
        if check is None:
            return _text("404 page not found\n", status=404)
        wrong = _wrong(check)
        return _text("ok") if wrong is None else _text(f"{wrong}\n", status=500)

    return answer


def _wrong(check: Check) -> str | None:
    try:
        check()
    except NotReadyError as error:
        return str(error)
    return None


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})


def _text(text: str, *, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, headers={"X-Content-Type-Options": "nosniff"})
