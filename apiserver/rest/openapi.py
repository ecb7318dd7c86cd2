"""Serves the OpenAPI documents: made when first asked for, kept until the kinds change."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha512
from typing import Any

import msgspec
from aiohttp import web

from apiserver.rest.aggregated import Aggregated
from apiserver.rest.call import Call
from apiserver.rest.negotiate import negotiate
from apiserver.rest.reply import headers, reply
from apiserver.rest.routes import NoSuchPageError, not_allowed
from apiserver.rest.version import GIT_VERSION
from knarr.api.kind_table import KindTable
from knarr.api.openapi import protobuf
from knarr.api.openapi.documents import Source, v2, v3, v3_paths

Schemas = Callable[[], Mapping[tuple[str, str, str], dict[str, Any]]]
"""The schemas of custom resources by group, version and kind."""

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
"""The form of the v2 document that kubectl asks for."""
PROTOBUF_ASKED = (PROTOBUF, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf")

CACHE_S = 365 * 24 * 3600
"""A document asked for by its hash never changes."""


class OpenApi:
    """The documents of a table of kinds."""

    def __init__(self, kinds: KindTable, schemas: Schemas, aggregated: Aggregated) -> None:
        self._kinds = kinds
        self._schemas = schemas
        self._aggregated = aggregated
        self._extensions = aggregated.extensions
        self._made_at = (-1, -1)
        self._source = Source()
        self._hashes: dict[str, str] = {}
        self._documents: dict[str, bytes] = {}
        self._making = asyncio.Lock()

    async def page(self, call: Call) -> web.StreamResponse:
        """Answer `/openapi/v2`, `/openapi/v3` and the documents below it."""
        if call.method != "GET":
            raise not_allowed()
        self._look()
        path = call.path.raw.strip("/").removeprefix("openapi/")
        version, _, name = path.partition("/")
        if version == "v3" and not name:
            return self._index(call)
        if version == "v2" and not name:
            accept = call.request.headers.get("Accept", "")
            if any(media in accept for media in PROTOBUF_ASKED):
                return await self._document(call, "v2", PROTOBUF, content_type=PROTOBUF)
            negotiate(accept, allowed="plain")
            return await self._document(call, "v2", "v2")
        if version != "v3":
            raise NoSuchPageError
        extension = self._extensions.of(f"/{name}")
        if extension is not None and name in extension.open_api:
            query = call.request.raw_path.partition("?")[2]
            where = f"/openapi/v3/{name}"
            return await self._aggregated.carry(call, extension, f"{where}?{query}".rstrip("?"))
        if name not in self._hashes:
            return web.Response(status=404, headers={"Audit-Id": call.id})
        return await self._document(call, f"v3/{name}", name)

    def _look(self) -> None:
        """Forget what was made of kinds that are others by now."""
        made_of = (self._kinds.changes, self._extensions.changes)
        if self._made_at == made_of:
            return
        self._made_at = made_of
        self._source = Source(tuple(self._kinds), GIT_VERSION, self._schemas())
        self._documents.clear()
        self._hashes = {path: self._hash(path) for path in v3_paths(self._source)}
        self._hashes["v2"] = self._hashes[PROTOBUF] = self._hash("")

    def _hash(self, path: str) -> str:
        """Changes when what a document is made of changes."""
        group, _, version = path.removeprefix("apis/").removeprefix("api/").rpartition("/")
        said = [path, GIT_VERSION]
        for kind in self._source.kinds:
            if not path or (kind.group, kind.version) == (group, version):
                schema = self._source.custom.get((kind.group, kind.version, kind.name))
                said.append(f"{kind}{schema}")
        return sha512("\n".join(said).encode()).hexdigest().upper()

    def _index(self, call: Call) -> web.StreamResponse:
        paths = {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={found}"}
            for path, found in self._hashes.items()
            if path not in ("v2", PROTOBUF)
        }
        for extension in self._extensions.table.values():
            paths |= {
                name: {"serverRelativeURL": where} for name, where in extension.open_api.items()
            }
        body = msgspec.json.encode({"paths": paths})
        return web.Response(body=body, headers=headers(call, "text/plain; charset=utf-8"))

    async def _document(
        self, call: Call, path: str, name: str, *, content_type: str = ""
    ) -> web.StreamResponse:
        found = self._hashes[name]
        asked = call.first("hash")
        if asked and asked != found:
            moved = {"Location": f"/openapi/{path}?hash={found}", "Audit-Id": call.id}
            return web.Response(status=301, headers=moved)
        etag = f'"{found}"'
        if etag in call.request.headers.get("If-None-Match", ""):
            return web.Response(status=304, headers={"ETag": etag, "Audit-Id": call.id})
        answer = await reply(call, await self._made(name), content_type=content_type)
        answer.headers["ETag"] = etag
        answer.headers["Vary"] = "Accept"
        if asked:
            answer.headers["Cache-Control"] = f"public, immutable, max-age={CACHE_S}"
        return answer

    async def _made(self, name: str) -> bytes:
        async with self._making:
            made = self._documents.get(name)
            if made is None:
                source, at = self._source, self._made_at
                # It takes a while, and others want to be served meanwhile.
                others = [each.swagger for each in self._extensions.table.values()]
                made = await asyncio.to_thread(_make, source, name, others)
                if at == self._made_at:
                    self._documents[name] = made
        return made


def _make(source: Source, name: str, others: Sequence[dict[str, Any]]) -> bytes:
    if name not in ("v2", PROTOBUF):
        return msgspec.json.encode(v3(source, name))
    document = v2(source)
    for other in others:
        # What is ours stays ours, whatever an extension server says of it.
        for part in ("paths", "definitions"):
            theirs = other.get(part)
            if isinstance(theirs, dict):
                document[part] = {**theirs, **document[part]}
    return protobuf.document(document) if name == PROTOBUF else msgspec.json.encode(document)
