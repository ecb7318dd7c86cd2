"""Carries requests on to the servers that answer for groups of their own."""

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from apiserver.aggregation.connection import UnreachableError
from apiserver.aggregation.extension import Extension
from apiserver.aggregation.extensions import Extensions
from apiserver.rest.body import read_body
from apiserver.rest.call import Call
from apiserver.rest.proxy import back, kept
from apiserver.rest.reply import text_reply

_OURS = ("x-remote-", "impersonate-", "x-forwarded-")
"""Headers that say who asks: only this server knows that."""


class Aggregated:
    """The way to extension servers."""

    def __init__(self, extensions: Extensions) -> None:
        self.extensions = extensions

    async def answer(self, call: Call, extension: Extension) -> web.StreamResponse:
        """What the server answers; 503 while it cannot be reached."""
        if not extension.available:
            return text_reply(call, "service unavailable\n", status=503)
        return await self.carry(call, extension)

    async def carry(self, call: Call, extension: Extension, path: str = "") -> web.StreamResponse:
        """Carry a request on, to another path where one is given."""
        data = await read_body(call.request) or None
        try:
            async with self.extensions.connections.open(
                extension.spec,
                path or call.request.raw_path,
                call.user,
                method=call.method,
                headers=_headers(call),
                data=data,
            ) as found:
                return await back(call, found)
        except (aiohttp.ClientError, OSError) as error:
            told = f"error trying to reach service: {error}\n"
            return text_reply(call, told, status=503)
        except UnreachableError:
            return text_reply(call, "service unavailable\n", status=503)


def _headers(call: Call) -> CIMultiDict[str]:
    found: CIMultiDict[str] = CIMultiDict(
        (name, value)
        for name, value in kept(call.request.headers).items()
        if not name.lower().startswith(_OURS)
    )
    found["X-Forwarded-For"] = call.request.remote or ""
    found["X-Forwarded-Host"] = call.request.headers.get("Host", "")
    found["X-Forwarded-Proto"] = "https"
    return found
