"""One address for several API servers: who dies or hangs is passed over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest

from apiserver.server import Options, serve
from knarr.cluster.hosts import balance
from knarr.cluster.hosts.balance import balancing
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock
from knarr.daemon.settings import SettingsError

WAIT_S = 60.0


@asynccontextmanager
async def server(folder: Path, name: str) -> AsyncIterator[str]:
    """A server with a token file that knows one user only: by that it is told from others."""
    pair = Authority.at(folder / "pki", SystemClock()).ensure(
        folder / name, Wanted(name, hosts=("127.0.0.1",))
    )
    tokens = folder / f"{name}.csv"
    tokens.write_text(f'secret,{name},1,"system:masters"\n')
    options = Options(
        secure_port=0,
        grpc_port=0,
        token_auth_file=str(tokens),
        tls_cert_file=str(pair.certificate),
        tls_private_key_file=str(pair.key),
    )
    async with serve(options) as running:
        yield f"127.0.0.1:{running.address[1]}"


async def asked(port: int) -> str:
    """The name of the server that a fresh connection leads to; nothing when none answers."""
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    url = f"https://127.0.0.1:{port}/apis/authentication.k8s.io/v1/selfsubjectreviews"
    timeout = aiohttp.ClientTimeout(total=2)
    try:
        async with (
            aiohttp.ClientSession(headers={"Authorization": "Bearer secret"}) as session,
            session.post(url, json=review, ssl=False, timeout=timeout) as answer,
        ):
            return str((await answer.json())["status"]["userInfo"]["username"])
    except (aiohttp.ClientError, TimeoutError):
        return ""


async def leads_only_to(port: int, names: set[str]) -> None:
    """From some moment on, eight connections in a row come to these servers and to all of them."""
    async with asyncio.timeout(WAIT_S):
        while {await asked(port) for _ in range(8)} != names:
            await asyncio.sleep(0.05)


async def test_connections_go_to_all_servers_and_then_to_those_that_are_left(
    tmp_path: Path,
) -> None:
    async with AsyncExitStack() as first, server(tmp_path, "b") as b:
        a = await first.enter_async_context(server(tmp_path, "a"))
        async with balancing("127.0.0.1:0", (a, b)) as port:
            await leads_only_to(port, {"a", "b"})
            await first.aclose()
            assert {await asked(port) for _ in range(4)} == {"b"}, "at once"


async def test_a_server_that_hangs_is_passed_over(tmp_path: Path) -> None:
    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    hanging = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with hanging, server(tmp_path, "b") as b:
        silent = f"127.0.0.1:{hanging.sockets[0].getsockname()[1]}"
        async with balancing("127.0.0.1:0", (silent, b)) as port:
            await leads_only_to(port, {"b"})


async def test_connections_of_a_server_that_hangs_are_broken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(balance, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(balance, "ANSWER_S", 0.05)

    async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    hanging = await asyncio.start_server(hang, "127.0.0.1", 0)
    async with hanging, asyncio.timeout(WAIT_S):
        silent = f"127.0.0.1:{hanging.sockets[0].getsockname()[1]}"
        async with balancing("127.0.0.1:0", (silent,)) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()


@pytest.mark.parametrize("servers", [(), ("nowhere",), ("10.0.0.5:x",)])
async def test_says_what_is_wrong(servers: tuple[str, ...]) -> None:
    with pytest.raises(SettingsError, match="--servers"):
        async with balancing("127.0.0.1:0", servers):
            pass
