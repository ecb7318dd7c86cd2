"""Whatever is sent, the server answers, lives on and keeps whole objects only."""

import asyncio
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apiserver.server import Options, serve
from knarr.api.kinds import BUILT_IN
from tests.component.apiserver.hostile import CUSTOM, Hostile, request

ANSWER_S = 20.0
"""An answer later than this is a stall."""

OWN_500S = (
    b"resourceVersion should not be set on objects to be created",
    b"target.kind: Unsupported value",
    b"target.name: Required value",
    b"strconv.ParseUint",
    b"more than one PodDisruptionBudget",
)
"""What Kubernetes answers with 500 on purpose."""


class Hostiles:
    """Speaks to one server, byte by byte."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._tls = ssl.create_default_context()
        self._tls.check_hostname, self._tls.verify_mode = False, ssl.CERT_NONE

    def connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_S)
        return self._tls.wrap_socket(plain)

    def send(self, hostile: Hostile) -> tuple[int, bytes]:
        """Status and body of the answer."""
        with self.connect() as connection:
            with suppress(OSError):  # It may have heard enough; the answer is there all the same.
                connection.sendall(hostile.encode())
            answer = http.client.HTTPResponse(connection, method=hostile.method)
            answer.begin()
            return answer.status, answer.read(1 << 16)

    def get(self, path: str) -> Any:
        status, body = 0, b""
        with self.connect() as connection:
            connection.sendall(
                f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer root\r\n"
                "Connection: close\r\n\r\n".encode()
            )
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            status, body = answer.status, answer.read()
        assert status == 200, (path, status, body[:300])
        return json.loads(body) if body[:1] == b"{" else body


def _define_boats(server: Hostiles) -> None:
    """Define a kind with a schema, rules, a default and both subresources."""
    rule = {"rule": "self.all(x, x.size() < 5) && self == oldSelf", "message": "no"}
    properties = {
        "sails": {"type": "integer", "default": 2, "minimum": 0},
        "name": {"type": "string", "pattern": "^[a-z]*$", "maxLength": 9},
        "when": {"type": "string", "format": "date-time", "nullable": True},
        "crew": {
            "type": "array",
            "items": {"type": "string", "maxLength": 30},
            "maxItems": 5,
            "x-kubernetes-list-type": "set",
            "x-kubernetes-validations": [rule],
        },
    }
    spec = {"type": "object", "properties": properties}
    status = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": spec, "status": status}}
    scale = {"specReplicasPath": ".spec.sails", "statusReplicasPath": ".status.sails"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}, "scale": scale},
    }
    names = {"plural": "boats", "kind": "Boat"}
    group = {"group": "sea.example.com", "scope": "Namespaced", "names": names}
    body = {"metadata": {"name": "boats.sea.example.com"}, "spec": {**group, "versions": [version]}}
    headers = (("Content-Type", "application/json"), ("Authorization", "Bearer root"))
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    code, told = server.send(Hostile("POST", path, headers, json.dumps(body).encode()))
    assert code == 201, told
    deadline = time.monotonic() + ANSWER_S
    while server.send(Hostile("GET", CUSTOM, headers, b""))[0] != 200:
        assert time.monotonic() < deadline, "boats are never served"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hostiles]:
    """A server in a thread of its own."""
    tokens = tmp_path_factory.mktemp("hostile") / "tokens.csv"
    tokens.write_text('root,admin,admin,"system:masters"\n')
    ports: list[int] = []
    started, over = threading.Event(), threading.Event()

    async def run() -> None:
        options = Options(secure_port=0, grpc_port=-1, token_auth_file=str(tokens))
        async with serve(options) as running:
            ports.append(running.address[1])
            await asyncio.to_thread(_define_boats, Hostiles(ports[0]))
            started.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert started.wait(20)
    yield Hostiles(ports[0])
    over.set()
    thread.join()


@settings(
    max_examples=1200,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(random=st.randoms(use_true_random=True))
def test_any_request_has_an_answer_and_it_is_no_500(server: Hostiles, random: Random) -> None:
    hostile = request(random)
    status, body = server.send(hostile)
    shown = (hostile.method, hostile.target[:300], hostile.headers, hostile.body[:2000])
    assert status != 500 or any(each in body for each in OWN_500S), (body[:500], shown)
    assert 200 <= status < 600


def test_what_is_left_is_whole(server: Hostiles) -> None:
    for kind in BUILT_IN:
        if "list" not in kind.verbs:
            continue
        base = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
        for one in server.get(f"{base}/{kind.plural}")["items"]:
            meta = one["metadata"]
            assert meta["name"], kind
            if kind.plural == "componentstatuses":
                continue
            assert meta["uid"], kind
            assert int(meta["resourceVersion"]) > 0
            place = f"namespaces/{meta['namespace']}/" if kind.namespaced else ""
            found = server.get(f"{base}/{place}{kind.plural}/{meta['name']}")
            assert found["metadata"] == meta


BOMB = b"a: &a [x,x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + n, 98 + n, b",".join([b"*%c" % (97 + n)] * 10)) for n in range(9)
)


@pytest.mark.parametrize(
    ("method", "media", "body"),
    [
        pytest.param("POST", "application/yaml", BOMB, id="aliases of aliases"),
        pytest.param("DELETE", "application/yaml", BOMB, id="aliases in options"),
        pytest.param("PATCH", "application/apply-patch+yaml", BOMB, id="aliases in an apply"),
        pytest.param("DELETE", "application/yaml", b"a: 2024-01-01\n{", id="no YAML at all"),
        pytest.param("DELETE", "application/yaml", b"? [a]\n: b", id="a list as key"),
        pytest.param("POST", "application/yaml", b"&a [*a]", id="a list in itself"),
        pytest.param("POST", "application/json", b"9" * 500_000, id="half a million digits"),
        pytest.param("POST", "application/yaml", b"a: " + b"9" * 500_000, id="the same in YAML"),
        pytest.param("POST", "application/json", b'{"a":' * 200_000, id="deep and open"),
        pytest.param("POST", "application/yaml", b"[" * 200_000, id="deep YAML"),
        pytest.param("POST", "application/yaml", b"- " * 100_000, id="deep YAML of dashes"),
    ],
)
def test_a_bomb_does_not_go_off(server: Hostiles, method: str, media: str, body: bytes) -> None:
    name = "" if method == "POST" else "/a"
    headers = (("Content-Type", media), ("Authorization", "Bearer root"))
    path = f"/api/v1/namespaces/default/configmaps{name}"
    if method == "PATCH":
        path += "?fieldManager=x"
    begin = time.monotonic()
    status, told = server.send(Hostile(method, path, headers, body))
    assert 400 <= status < 500, told
    assert time.monotonic() - begin < ANSWER_S


def test_large_yaml_stalls_nobody(server: Hostiles) -> None:
    body = b"data:\n" + b"- {b: 1, c: x}\n" * 20_000
    headers = (("Content-Type", "application/yaml"), ("Authorization", "Bearer root"))
    large = Hostile("POST", "/api/v1/namespaces/default/configmaps", headers, body)
    with server.connect() as connection:
        connection.sendall(large.encode())
        begin = time.monotonic()
        server.get("/api/v1/namespaces/default/configmaps")
        assert time.monotonic() - begin < 1.0


def test_slow_senders_hold_nobody_up(server: Hostiles) -> None:
    head = (
        b"POST /api/v1/namespaces/default/configmaps HTTP/1.1\r\nHost: x\r\n"
        b"Authorization: Bearer root\r\nContent-Type: application/json\r\n"
    )
    beginnings = (
        head + b"Content-Length: 1000\r\n\r\n{",
        head + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        head[:40],
        b"",
    )
    slow = [server.connect() for _ in range(40)]
    for number, connection in enumerate(slow):
        connection.sendall(beginnings[number % len(beginnings)])
    begin = time.monotonic()
    for _ in range(20):
        server.get("/api/v1/namespaces/default/configmaps")
    assert time.monotonic() - begin < ANSWER_S
    for connection in slow:
        connection.close()
    assert server.get("/readyz") == b"ok"
