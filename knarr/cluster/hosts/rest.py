"""The few requests that a host makes before it has a client: JSON over HTTPS."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from knarr.cluster.hosts.failure import JoinError, UnreachableError

CALL_S = 10.0
"""How long one request may take."""

Json = dict[str, Any]


class RefusedError(Exception):
    """The server answered, and refused."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Rest:
    """One API server."""

    def __init__(self, url: URL, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.date: datetime | None = None
        """What time it was there at the last answer."""
        self._session = session

    async def get(self, path: str) -> Json:
        """Read. Raise RefusedError, JoinError when nobody answers."""
        return await self._call("GET", path)

    async def post(self, path: str, body: Json) -> Json:
        """Create. Raise RefusedError, JoinError when nobody answers."""
        return await self._call("POST", path, body)

    async def patch(self, path: str, body: Json) -> Json:
        """Change by a merge patch. Raise RefusedError, JoinError when nobody answers."""
        return await self._call("PATCH", path, body, "application/merge-patch+json")

    async def delete(self, path: str) -> Json:
        """Delete. Raise RefusedError, JoinError when nobody answers."""
        return await self._call("DELETE", path)

    async def _call(
        self, method: str, path: str, body: Json | None = None, form: str = "application/json"
    ) -> Json:
        where = self.url.join(URL(path))
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": form}
        try:
            async with self._session.request(method, where, data=data, headers=headers) as answer:
                self.date = _date(answer.headers.get("Date", ""))
                found = await answer.json(content_type=None)
                if answer.status >= 400:
                    told = found.get("message", "") if isinstance(found, dict) else ""
                    raise RefusedError(answer.status, told or f"status {answer.status}")
                if not isinstance(found, dict):
                    raise JoinError(f"{self.url} does not answer as an API server does")
                return found
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UnreachableError(_unreachable(self.url, error)) from None


def address(text: str) -> URL:
    """The address of a server: `https://HOST:PORT`, or just HOST. Raise JoinError."""
    wrong = JoinError(f"{text!r} is not an address such as https://HOST:6443")
    try:
        url = URL(text if "://" in text else f"https://{text}")
    except ValueError:
        raise wrong from None
    if url.scheme != "https" or not url.host:
        raise wrong
    return url.with_port(url.explicit_port or 6443).origin()


@asynccontextmanager
async def rest(
    url: URL, *, authority: bytes = b"", token: str = "", pair: Path | None = None
) -> AsyncIterator[Rest]:
    """Requests to a server while the block runs; without an authority anybody is believed."""
    context = ssl.create_default_context(cadata=authority.decode() or None)
    if not authority:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if pair is not None:
        context.load_cert_chain(pair)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context),
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=CALL_S),
        trust_env=False,
    ) as session:
        yield Rest(url, session)


async def patiently(seconds: float) -> None:
    """Wait before something is asked again."""
    await asyncio.sleep(seconds)


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None


def _unreachable(url: URL, error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        told = error.certificate_error
        why = getattr(told, "verify_message", "") or str(told)
        return f"{url} shows a certificate that is not to be believed: {why}"
    if isinstance(error, aiohttp.ClientConnectorError):
        why = error.os_error.strerror or str(error.os_error)
        return f"{url} cannot be reached: {why}"
    if isinstance(error, TimeoutError):
        return f"{url} cannot be reached: no answer in {CALL_S:.0f} s"
    return f"{url} does not answer as an API server does: {error}"
