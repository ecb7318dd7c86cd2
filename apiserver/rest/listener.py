"""Listens for requests, and answers those whose method HTTP does not know."""

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMethod
from aiohttp.web_protocol import RequestHandler

from apiserver.rest.reply import status_bytes
from apiserver.rest.routes import not_allowed


class Listener(web.Server):
    """aiohttp's server, with one more answer."""

    def __call__(self) -> RequestHandler:
        """Make what reads the requests of one connection."""
        return _Handler(self, loop=self._loop, **self._kwargs)


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
