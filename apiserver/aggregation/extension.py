"""A group and version that another server answers for, and what it says of itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct

from apiserver.aggregation.connection import ExtensionConnections, Headers, UnreachableError
from apiserver.registry import failures
from apiserver.registry.request import User
from knarr.api.apiregistration.api_service import APIServiceSpec
from knarr.api.errors import ApiError, error_from
from knarr.api.foreign import Foreign
from knarr.api.meta.status import Status

CHECK_TIMEOUT_S = 5.0
"""How long a server may take to say what it serves."""

READ_TIMEOUT_S = 30.0
"""How long a read may take that somebody waits for within the cluster."""

ANSWER_BYTES_MAX = 32 * 1024 * 1024
"""A longer document is not read."""

Plain = dict[str, Any]

AGGREGATOR = User("system:kube-aggregator", groups=("system:masters",))
"""As whom servers are asked what they serve."""


class Extension(Struct):
    """What is known of the server of a group and version."""

    name: str
    spec: APIServiceSpec
    available: bool = False
    resources: Sequence[Plain] = ()
    """What it serves, as an APIResourceList lists it; what it last said while it is away."""
    open_api: Mapping[str, str] = {}
    """Paths of its OpenAPI v3 documents, by name."""
    swagger: Plain = {}
    """Its OpenAPI v2 document."""

    @property
    def group_version(self) -> str:
        """`group/version`."""
        return f"{self.spec.group}/{self.spec.version}"

    async def check(self, connections: ExtensionConnections) -> None:
        """Ask what it serves. Raise UnreachableError."""
        path = f"/apis/{self.group_version}"
        found = await self._document(connections, path)
        listed = found.get("resources") if isinstance(found, dict) else None
        self.resources = [each for each in listed or () if isinstance(each, dict)]

    async def describe(self, connections: ExtensionConnections) -> None:
        """Ask for its OpenAPI documents; one that has none serves all the same."""
        try:
            index = await self._document(connections, "/openapi/v3")
            self.open_api = {
                name: str(each["serverRelativeURL"])
                for name, each in index.get("paths", {}).items()
                if name == f"apis/{self.group_version}" and "serverRelativeURL" in each
            }
            self.swagger = await self._document(connections, "/openapi/v2")
        except (UnreachableError, AttributeError, TypeError):
            return

    async def read(self, connections: ExtensionConnections, user: User, foreign: Foreign) -> bytes:
        """What it answers a user. Raise the error that it tells of, ServiceUnavailableError."""
        headers = Headers({"Accept": "application/json", "Accept-Encoding": "identity"})
        try:
            async with connections.open(
                self.spec, foreign.path, user, headers=headers, timeout_s=READ_TIMEOUT_S
            ) as answer:
                data = await _whole(answer.content)
        except (TimeoutError, aiohttp.ClientError, OSError, UnreachableError):
            raise failures.nobody_reached(foreign) from None
        if not 200 <= answer.status < 300:
            raise _error_in(data) or (
                failures.nobody_answers(foreign)
                if answer.status == 404
                else failures.nobody_reached(foreign)
            )
        return data

    async def _document(self, connections: ExtensionConnections, path: str) -> Any:
        headers = Headers({"Accept": "application/json", "Accept-Encoding": "identity"})
        url = f"https://{self.spec.service.name}.{self.spec.service.namespace}.svc{path}"  # type: ignore[union-attr]  # only servers elsewhere are asked
        try:
            async with connections.open(
                self.spec, path, AGGREGATOR, headers=headers, timeout_s=CHECK_TIMEOUT_S
            ) as answer:
                data = await _whole(answer.content)
                if not 200 <= answer.status < 300:
                    told = f"bad status from {url}: {answer.status}"
                    raise UnreachableError("FailedDiscoveryCheck", _missing(url, told))
                return msgspec.json.decode(data)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise UnreachableError("FailedDiscoveryCheck", _missing(url, str(error))) from None


async def _whole(content: aiohttp.StreamReader) -> bytes:
    data = b""
    while not content.at_eof() and len(data) < ANSWER_BYTES_MAX:
        data += await content.read(ANSWER_BYTES_MAX)
    return data


def _error_in(data: bytes) -> ApiError | None:
    """The error of which a Status tells, None where the answer is none."""
    try:
        status = msgspec.json.decode(data, type=Status)
    except msgspec.MsgspecError:
        return None
    return error_from(status) if status.kind == "Status" else None


def _missing(url: str, why: str) -> str:
    return f"failing or missing response from {url}: {why}"
