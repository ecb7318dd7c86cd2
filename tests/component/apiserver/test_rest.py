"""The REST API over TLS on a real socket."""

import asyncio
import json
import ssl
import struct
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from apiserver.nodes.connection import NodeConnection
from apiserver.registry.registry import Registry
from apiserver.rest.spdy import DICTIONARY, data_frame
from apiserver.server import Options, serve
from knarr.api.core.node import Node
from knarr.proto import node_pb2 as pb

MAPS = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


class EchoNode:
    """A kubelet whose commands say what they are given and then fail with code 3."""

    async def logs(self, request: pb.LogsRequest) -> AsyncIterator[bytes]:
        yield b"one\n"
        yield request.target.container.encode()

    async def exec(
        self, inputs: AsyncIterator[pb.TerminalInput]
    ) -> AsyncIterator[pb.TerminalOutput]:
        async for message in inputs:
            if message.HasField("start"):
                yield pb.TerminalOutput(stderr=" ".join(message.start.command).encode())
            elif message.stdin_closed:
                break
            elif message.stdin:
                yield pb.TerminalOutput(stdout=message.stdin.upper())
        yield pb.TerminalOutput(exit=pb.TerminalExit(code=3))

    attach = exec

    async def port_forward(
        self, inputs: AsyncIterator[pb.PortFrame]
    ) -> AsyncIterator[pb.PortFrame]:
        async for frame in inputs:
            if frame.data.data:
                data = frame.data.data[::-1]
                yield pb.PortFrame(data=pb.PortData(connection=frame.data.connection, data=data))

    async def stats(self) -> bytes:
        return b'{"node":{}}'

    async def metrics(self, page: str) -> bytes:
        return f"page_{page} 1\n".encode()

    async def node_logs(self, path: str) -> AsyncIterator[bytes]:
        yield path.encode()


class EchoNodes:
    def of(self, node: Node) -> NodeConnection:
        return EchoNode()


@asynccontextmanager
async def client(folder: Path, **more: Any) -> AsyncIterator[aiohttp.ClientSession]:
    """A client that is system:masters, of a server of its own."""
    async with served_with_registry(folder, **more) as (session, _):
        yield session


@asynccontextmanager
async def served_with_registry(
    folder: Path, **more: Any
) -> AsyncIterator[tuple[aiohttp.ClientSession, Registry]]:
    """A client, and the registry of its server."""
    tokens = folder / "tokens.csv"
    tokens.write_text('root,admin,admin,"system:masters"\njane,jane,jane\n')
    options = Options(secure_port=0, grpc_port=-1, token_auth_file=str(tokens), **more)
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with serve(options, EchoNodes()) as server:
        async with aiohttp.ClientSession(
            f"https://127.0.0.1:{server.address[1]}",
            connector=aiohttp.TCPConnector(ssl=tls),
            headers={"Authorization": "Bearer root"},
        ) as session:
            yield session, server.registry
        # aiohttp's client closes TLS in the background.
        await asyncio.sleep(0)


async def create(session: aiohttp.ClientSession, path: str, obj: dict[str, Any]) -> Any:
    async with session.post(path, json=obj) as answer:
        found = await answer.json()
        assert answer.status == 201, found
        return found


async def make_pod(session: aiohttp.ClientSession) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    await create(session, accounts, {"metadata": {"name": "default"}})
    await create(session, "/api/v1/nodes", {"metadata": {"name": "n"}})
    spec = {"nodeName": "n", "containers": [{"name": "c", "image": "x"}]}
    await create(session, PODS, {"metadata": {"name": "p"}, "spec": spec})


async def test_an_object_comes_and_goes(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        made = await create(session, MAPS, {"metadata": {"name": "a"}, "data": {"x": "1"}})
        assert (made["kind"], made["apiVersion"]) == ("ConfigMap", "v1")
        async with session.patch(
            f"{MAPS}/a",
            data=b'{"data":{"x":"2"}}',
            headers={"Content-Type": "application/merge-patch+json"},
        ) as answer:
            assert (await answer.json())["data"] == {"x": "2"}
        async with session.get(f"{MAPS}/a", headers={"Accept": "application/yaml"}) as answer:
            assert answer.content_type == "application/yaml"
            assert "x: '2'" in await answer.text()
        async with session.get(MAPS, headers=TABLE) as answer:
            table = await answer.json()
            assert [row["cells"][0] for row in table["rows"]] == ["a"]
        async with session.delete(f"{MAPS}/a") as answer:
            assert (await answer.json())["status"] == "Success"
        async with session.get(f"{MAPS}/a") as answer:
            assert (answer.status, (await answer.json())["reason"]) == (404, "NotFound")


async def test_a_watch_says_what_changes(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        async with session.get(MAPS, params={"watch": "true"}) as watch:
            for name in ("a", "b"):
                await create(session, MAPS, {"metadata": {"name": name}})
            events = [json.loads(await watch.content.readline()) for _ in range(2)]
            assert [event["object"]["metadata"]["name"] for event in events] == ["a", "b"]
        async with session.get(MAPS, params={"watch": "1", "resourceVersion": "x"}) as watch:
            assert watch.status >= 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothings", 404),
        ("GET", "/apis/nothing.example/v1/things", 404),
        ("GET", "/nothing", 404),
        ("PUT", PODS, 405),
        ("GET", f"{MAPS}?limit=x", 400),
        ("GET", f"{MAPS}?labelSelector=%ff%00(", 400),
        ("DELETE", f"{MAPS}/a?gracePeriodSeconds=x", 400),
    ],
)
async def test_hostile_requests_are_refused(
    tmp_path: Path, method: str, path: str, status: int
) -> None:
    async with client(tmp_path) as session, session.request(method, path) as answer:
        assert answer.status == status


async def test_bodies_too_large_are_not_read(tmp_path: Path) -> None:
    body = BytesIO(b"x" * (3 * 1024 * 1024 + 1))
    headers = {"Content-Type": "application/json"}
    async with (
        client(tmp_path) as session,
        session.post(MAPS, data=body, headers=headers) as answer,
    ):
        assert answer.status == 413


async def test_only_who_may_gets_in(tmp_path: Path) -> None:
    audit = tmp_path / "audit.log"
    async with client(tmp_path, audit_log_path=str(audit)) as session:
        for token, status in (("nobody", 401), ("jane", 403), ("root", 200)):
            headers = {"Authorization": f"Bearer {token}"}
            async with session.get("/api/v1/secrets", headers=headers) as answer:
                assert answer.status == status
        async with session.get("/api/v1/secrets", headers={"Impersonate-User": "joe"}) as answer:
            assert 'User \\"joe\\" cannot list' in await answer.text()
        role = {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]}
        rbac = "/apis/rbac.authorization.k8s.io/v1"
        await create(session, f"{rbac}/clusterroles", {"metadata": {"name": "r"}, **role})
        binding = {
            "metadata": {"name": "b"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "r",
            },
            "subjects": [{"kind": "User", "name": "jane"}],
        }
        await create(session, f"{rbac}/clusterrolebindings", binding)
        jane = {"Authorization": "Bearer jane"}
        async with asyncio.timeout(2):
            while True:
                async with session.get("/api/v1/secrets", headers=jane) as answer:
                    if answer.status == 200:
                        break
    lines = [json.loads(line) for line in audit.read_text().splitlines()]
    assert [line["responseStatus"]["code"] for line in lines][:3] == [401, 403, 200]
    assert lines[3]["impersonatedUser"]["username"] == "joe"


async def test_logs(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await make_pod(session)
        async with session.get(f"{PODS}/p/log") as answer:
            assert await answer.text() == "one\nc"


@pytest.mark.conformance(
    "[sig-node] Pods should support retrieving logs from the container over websockets "
    "[NodeConformance]"
)
async def test_logs_over_a_websocket(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await make_pod(session)
        async with session.ws_connect(f"{PODS}/p/log", protocols=("binary.k8s.io",)) as socket:
            told = [message.data async for message in socket]
        assert b"".join(told) == b"one\nc"
        async with session.ws_connect(
            f"{PODS}/p/log", protocols=("base64.binary.k8s.io",)
        ) as socket:
            told = [b64decode(message.data) async for message in socket]
        assert b"".join(told) == b"one\nc"


@pytest.mark.conformance(
    "[sig-node] Pods should support remote command execution over websockets [NodeConformance]"
)
@pytest.mark.parametrize("protocol", ["v5.channel.k8s.io", "v4.channel.k8s.io"])
async def test_exec_over_a_websocket(tmp_path: Path, protocol: str) -> None:
    async with client(tmp_path) as session:
        await make_pod(session)
        path = f"{PODS}/p/exec?command=tr&command=a&stdin=1&stdout=1&stderr=1"
        async with session.ws_connect(path, protocols=(protocol,)) as socket:
            assert socket.protocol == protocol
            assert await socket.receive_bytes() == b"\x02tr a"
            await socket.send_bytes(b"\x00hello")
            assert await socket.receive_bytes() == b"\x01HELLO"
            await socket.send_bytes(b"\xff\x00")
            end = await socket.receive_bytes()
            assert end[0] == 3
            assert json.loads(end[1:])["details"]["causes"][0]["message"] == "3"


async def test_ports_over_a_websocket(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await make_pod(session)
        path = f"{PODS}/p/portforward?ports=80"
        async with session.ws_connect(path, protocols=("v4.channel.k8s.io",)) as socket:
            assert await socket.receive_bytes() == b"\x00" + (80).to_bytes(2, "little")
            assert await socket.receive_bytes() == b"\x01" + (80).to_bytes(2, "little")
            await socket.send_bytes(b"\x00abc")
            assert await socket.receive_bytes() == b"\x00cba"


async def test_ports_as_kubectl_asks_for_them(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await make_pod(session)
        protocol = "SPDY/3.1+portforward.k8s.io"
        async with session.ws_connect(f"{PODS}/p/portforward", protocols=(protocol,)) as socket:
            assert socket.protocol == protocol
            deflate = zlib.compressobj(zdict=DICTIONARY)
            for stream, kind in ((1, "error"), (3, "data")):
                headers = {"streamtype": kind, "port": "80", "requestid": "0"}
                text = struct.pack("!I", len(headers))
                for piece in (piece for pair in headers.items() for piece in pair):
                    text += struct.pack("!I", len(piece)) + piece.encode()
                block = deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
                opening = struct.pack("!HHIIIH", 0x8003, 1, 10 + len(block), stream, 0, 0)
                await socket.send_bytes(opening + block)
                assert (await socket.receive_bytes())[:4] == b"\x80\x03\x00\x02"
            await socket.send_bytes(data_frame(3, b"abc"))
            assert await socket.receive_bytes() == data_frame(3, b"cba")


async def test_nodes_answer_through_the_server(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await make_pod(session)
        async with session.get("/api/v1/nodes/n/proxy/stats/summary") as answer:
            assert await answer.json() == {"node": {}}
        async with session.get("/api/v1/nodes/n/proxy/metrics/resource") as answer:
            assert await answer.text() == "page_resource 1\n"


async def test_documents_are_kept_by_hash(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        async with session.get("/openapi/v3") as answer:
            index = json.loads(await answer.text())
        where = index["paths"]["api/v1"]["serverRelativeURL"]
        async with session.get(where) as answer:
            assert "immutable" in answer.headers["Cache-Control"]
            etag = answer.headers["ETag"]
        async with session.get(where, headers={"If-None-Match": etag}) as answer:
            assert answer.status == 304


async def test_requests_are_counted(tmp_path: Path) -> None:
    async with client(tmp_path) as session:
        await create(session, MAPS, {"metadata": {"name": "a"}})
        async with session.get("/metrics") as answer:
            lines = (await answer.text()).splitlines()
    counted = [line for line in lines if line.startswith("apiserver_request_total{")]
    assert any('resource="configmaps"' in line and 'code="201"' in line for line in counted)
