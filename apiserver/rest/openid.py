"""Tells others how to verify the tokens of service accounts."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from apiserver.rest.call import Call
from apiserver.rest.reply import headers
from apiserver.rest.routes import NoSuchPageError, not_allowed
from knarr.daemon.jwt import VerificationKey

CACHE_S = 3600
"""How long others may keep the keys."""


class OpenId:
    """The discovery document of the issuer, and its keys."""

    def __init__(self, issuer: str, keys: Sequence[VerificationKey], address: str) -> None:
        algorithms = sorted({key.algorithm for key in keys})
        document = {
            "issuer": issuer,
            "jwks_uri": f"{address}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": algorithms,
        }
        self._documents = {
            "/.well-known/openid-configuration": (
                "application/json",
                msgspec.json.encode(document),
            ),
            "/openid/v1/jwks": (
                "application/jwk-set+json",
                msgspec.json.encode({"keys": [key.as_json() for key in keys]}),
            ),
        }

    async def page(self, call: Call) -> web.StreamResponse:
        """Answer the two paths."""
        found = self._documents.get(call.path.raw.rstrip("/"))
        if found is None:
            raise NoSuchPageError
        if call.method != "GET":
            raise not_allowed()
        content_type, data = found
        answer = web.Response(body=data, headers=headers(call, content_type))
        answer.headers["Cache-Control"] = f"public, max-age={CACHE_S}"
        return answer
