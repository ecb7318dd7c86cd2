"""Docker's HTTP API: ordinary calls, streams of JSON, and hijacked connections.

    async with connect("unix:///var/run/docker.sock") as engine:
        await engine.json("GET", "/containers/json", query={"all": "1"})

The version of the API is negotiated: the engine's own, but none newer than we
know. exec and attach take over their connection, which no HTTP client allows
to be half closed; for these we open sockets of our own.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlencode

import aiohttp

API_NEWEST = (1, 51)
"""The newest version of the API that was looked through for changes that concern us."""

API_OLDEST = (1, 41)
"""Docker 20.10, in Debian 12; older ones were not tried."""

TIMEOUT_S = 120.0
"""Patience with an answer. Docker is slow while it pulls, starts or removes on a busy disk."""

CONNECT_TIMEOUT_S = 10.0

Json = Any
Query = Mapping[str, str]


class EngineError(Exception):
    """Docker refused; `status` is HTTP's, 0 when Docker could not be reached."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Hijacked:
    """A connection that left HTTP behind."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, framed: bool
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.framed = framed
        """Whether the output comes in frames that name its stream; without a terminal it does."""

    async def close(self) -> None:
        """End it."""
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()


class Engine:
    """One Docker engine."""

    def __init__(self, host: str, session: aiohttp.ClientSession) -> None:
        self._host = host
        self._session = session
        self._base = "http://docker" if host.startswith("unix://") else f"http://{_address(host)}"
        self._prefix = ""
        self.version = ""
        """The engine's own version, such as 20.10.24."""
        self.folder = ""
        """Where on its host it keeps everything."""
        self.cgroup_driver = ""
        """Who makes its cgroups: cgroupfs or systemd."""
        self.api = API_OLDEST

    async def negotiate(self) -> None:
        """Agree on a version of the API. Raise EngineError when there is none in common."""
        self._prefix = ""
        found = await self.json("GET", "/version")
        newest, oldest = _pair(found["ApiVersion"]), _pair(found.get("MinAPIVersion", "1.12"))
        self.api = min(newest, API_NEWEST)
        if self.api < max(oldest, API_OLDEST):
            raise EngineError(
                400, f"Docker {found['Version']} speaks API {found['ApiVersion']}; 1.41 is needed"
            )
        self.version = found["Version"]
        self._prefix = f"/v{self.api[0]}.{self.api[1]}"

    async def look_round(self) -> None:
        """Learn how it keeps its things. Raise EngineError."""
        told = await self.json("GET", "/info")
        self.folder = str(told.get("DockerRootDir", ""))
        self.cgroup_driver = str(told.get("CgroupDriver", ""))

    async def json(
        self, method: str, path: str, *, query: Query | None = None, body: Json = None
    ) -> Json:
        """Ask, and answer what Docker answered as JSON; None when it said nothing."""
        data = await self.raw(method, path, query=query, body=body)
        return json.loads(data) if data.strip() else None

    async def raw(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Json = None,
        data: bytes | None = None,
    ) -> bytes:
        """Ask, and answer the bytes. Raise EngineError."""
        async with self._request(method, path, query, body, data, TIMEOUT_S) as response:
            return await response.read()

    async def lines(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Json]:
        """Ask, and yield each line of the answer as JSON, for as long as Docker sends some."""
        async with self._request(method, path, query, None, None, None, headers) as response:
            async for line in _json_lines(response):
                yield line

    @asynccontextmanager
    async def listen(self, path: str, query: Query) -> AsyncIterator[AsyncIterator[Json]]:
        """The lines of an answer that goes on; inside the block Docker is telling already."""
        async with self._request("GET", path, query, None, None, None) as response:
            yield _json_lines(response)

    async def chunks(self, path: str, query: Query) -> AsyncIterator[bytes]:
        """Yield the bytes of an answer as they come, for as long as Docker sends some."""
        async with self._request("GET", path, query, None, None, None) as response:
            async for chunk in response.content.iter_any():
                yield chunk

    async def hijack(
        self, path: str, *, query: Query | None = None, body: Json = None, framed: bool
    ) -> Hijacked:
        """Ask, and take over the connection."""
        reader, writer = await self._open()
        data = json.dumps(body or {}).encode()
        target = f"{self._prefix}{path}" + (f"?{urlencode(query)}" if query else "")
        writer.write(
            f"POST {target} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        try:
            async with asyncio.timeout(TIMEOUT_S):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, TimeoutError, OSError) as error:
            writer.close()
            raise EngineError(0, f"Docker did not answer: {error}") from None
        status = int(head.split(" ", 2)[1])
        if status in (101, 200):
            return Hijacked(reader, writer, framed=framed)
        message = await _refusal(reader, head)
        writer.close()
        raise EngineError(status, message)

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        query: Query | None,
        body: Json,
        data: bytes | None,
        timeout_s: float | None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
        try:
            async with self._session.request(
                method,
                self._base + self._prefix + path,
                params=query,
                json=body,
                data=data,
                timeout=timeout,
                headers=headers,
            ) as response:
                if response.status >= 400:
                    raise EngineError(response.status, _told(await response.read()))
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            told = str(error) or type(error).__name__
            raise EngineError(0, f"Docker at {self._host} cannot be reached: {told}") from error

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                if self._host.startswith("unix://"):
                    return await asyncio.open_unix_connection(self._host.removeprefix("unix://"))
                host, _, port = _address(self._host).rpartition(":")
                return await asyncio.open_connection(host, int(port))
        except (TimeoutError, OSError) as error:
            raise EngineError(0, f"Docker at {self._host} cannot be reached: {error}") from None


@asynccontextmanager
async def connect(host: str) -> AsyncIterator[Engine]:
    """An engine at unix://PATH or tcp://HOST:PORT. Raise EngineError when none answers."""
    # No limit: every followed log and exec holds a connection, and further calls must not wait.
    connector: aiohttp.BaseConnector
    if host.startswith("unix://"):
        connector = aiohttp.UnixConnector(host.removeprefix("unix://"), limit=0)
    else:
        connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        engine = Engine(host, session)
        await engine.negotiate()
        yield engine


async def _json_lines(response: aiohttp.ClientResponse) -> AsyncIterator[Json]:
    rest = b""
    async for chunk in response.content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            if line.strip():
                yield json.loads(line)
    if rest.strip():
        yield json.loads(rest)


def _address(host: str) -> str:
    return host.partition("://")[2] or host


def _pair(version: str) -> tuple[int, int]:
    major, _, minor = version.partition(".")
    return int(major), int(minor)


def _told(data: bytes) -> str:
    with suppress(ValueError, KeyError, TypeError):
        return str(json.loads(data)["message"])
    return data.decode(errors="replace").strip()


async def _refusal(reader: asyncio.StreamReader, head: str) -> str:
    """The message of an error answered instead of a hijacked connection."""
    for line in head.splitlines():
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return _told(await reader.readexactly(int(value)))
    return head.splitlines()[0]
