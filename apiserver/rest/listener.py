"""Listens for requests, answers those whose method HTTP does not know, and ends with manners.

A server that ends takes no new connections. Those that it has close with the answer to
their next request, which says so; one that was taken a moment ago and has not asked yet,
or still shakes hands, is waited for, because its client would hear nothing but that it is closed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from weakref import WeakSet

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.web_protocol import RequestHandler

from apiserver.rest.reply import status_bytes
from apiserver.rest.routes import not_allowed

FIRST_S = 5.0
"""How long a connection is waited for that has not asked for anything yet."""

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Listener(web.Server):
    """aiohttp's server, with one more answer and a better end."""

    def __init__(self, handle: Handle, **options: Any) -> None:
        super().__init__(self._answer, access_log=None, **options)
        self._handle = handle
        self._is_ending = False
        # Who never gets through the handshake is forgotten without a word.
        self._new: WeakSet[RequestHandler] = WeakSet()
        self._none_is_new = asyncio.Event()

    def __call__(self) -> RequestHandler:
        """Make what reads the requests of one connection; it may not have shaken hands yet."""
        made = _Handler(self, loop=self._loop, **self._kwargs)
        self._new.add(made)
        return made

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget a connection."""
        super().connection_lost(handler, exc)
        self._has_asked(handler)

    def end(self) -> None:
        """Have each connection close with its next answer."""
        self._is_ending = True

    async def all_have_asked(self) -> None:
        """Wait a moment for connections that have not asked for anything yet."""
        self.end()
        if self._new:
            with suppress(TimeoutError):
                async with asyncio.timeout(FIRST_S):
                    await self._none_is_new.wait()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._new:
            self._has_asked(request.protocol)
        answer = await self._handle(request)
        if self._is_ending:
            answer.force_close()
        return answer

    def _has_asked(self, handler: RequestHandler) -> None:
        self._new.discard(handler)
        if not self._new and self._is_ending:
            self._none_is_new.set()


class _Handler(RequestHandler):
    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Say 405, as for every other method that a path does not have."""
        if not isinstance(exc, BadHttpMethod):
            return super().handle_error(request, status, exc, message)
        error = not_allowed()
        answer = web.Response(
            status=error.code, body=status_bytes(error.to_status()), content_type="application/json"
        )
        answer.force_close()
        return answer
