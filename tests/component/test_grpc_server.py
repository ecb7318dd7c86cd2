"""The gRPC server over real sockets: who is let in, what it answers, how it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from msgspec.structs import replace

from apiserver.auth.attributes import Attributes, Decision
from apiserver.auth.authenticate import Authentication
from apiserver.auth.gate import Gate
from apiserver.grpc.server import REQUEST_BYTES_MAX, Tls, serve_grpc
from apiserver.registry.registry import Registry
from apiserver.registry.request import User
from apiserver.storage.memory import MemoryStore
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.errors import (
    ForbiddenError,
    RequestEntityTooLargeError,
    ServiceUnavailableError,
    UnauthorizedError,
)
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.connection import Credentials
from knarr.client.grpc import GrpcClient, connect
from knarr.client.informers import Informers
from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.settings import SettingsError

TOKENS = {"root": User("root", groups=("system:masters",)), "bob": User("bob")}


def registry() -> Registry:
    return Registry(MemoryStore(), clock=SystemClock(), rng=seeded(1))


def gate() -> Gate:
    return Gate(Authentication(tokens=TOKENS, anonymous=False), ())


@asynccontextmanager
async def served(tls: Tls | None = None) -> AsyncIterator[str]:
    async with serve_grpc(registry(), gate(), "127.0.0.1", 0, tls) as front:
        yield f"127.0.0.1:{front.port}"


@asynccontextmanager
async def calling(server: str, credentials: Credentials) -> AsyncIterator[GrpcClient]:
    async with connect((server,), credentials) as client:
        yield client


def authority(folder: Path) -> tuple[Authority, Tls, Credentials]:
    made = Authority.at(folder, SystemClock())
    server = made.ensure(folder / "server", Wanted("knarr-apiserver", hosts=("127.0.0.1",)))
    admin = made.ensure(folder / "admin", Wanted("admin", groups=("system:masters",)))
    return (
        made,
        Tls(server.certificate, server.key, made.path),
        Credentials.from_files(authority=made.path, certificate=admin.certificate, key=admin.key),
    )


async def test_a_token_says_who_asks() -> None:
    async with served() as server:
        async with calling(server, Credentials(token="root")) as client:
            assert await client.revision_now() >= 0
        async with calling(server, Credentials(token="wrong")) as client:
            with pytest.raises(UnauthorizedError):
                await client.revision_now()
        async with calling(server, Credentials(token="bob")) as client:
            with pytest.raises(ForbiddenError, match='User "bob" cannot get resource "pods"'):
                await client.get(Pod, Key("default", "web"))


async def test_a_list_of_one_name_is_allowed_by_a_rule_on_that_name() -> None:
    """So kubelets follow what their pods refer to, and nothing else."""

    class OnlyOne:
        def decide(self, asked: Attributes) -> Decision:
            return Decision("allow" if asked.name == "mine" else "none")

    allowing = Gate(Authentication(tokens=TOKENS, anonymous=False), (OnlyOne(),))
    made = registry()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(made.run())
        await made.ready()
        async with (
            serve_grpc(made, allowing, "127.0.0.1", 0) as front,
            calling(f"127.0.0.1:{front.port}", Credentials(token="bob")) as client,
        ):
            mine = await client.list(ConfigMap, field_selector="metadata.name=mine")
            assert not mine.items
            for selector in ("", "metadata.name=other", "metadata.namespace=mine"):
                with pytest.raises(ForbiddenError):
                    await client.list(ConfigMap, field_selector=selector)
        running.cancel()


async def test_a_certificate_says_who_asks(tmp_path: Path) -> None:
    _, tls, credentials = authority(tmp_path)
    async with served(tls) as server:
        async with calling(server, credentials) as client:
            assert await client.revision_now() >= 0
        without = Credentials(authority=credentials.authority, token="root")
        async with calling(server, without) as client:
            with pytest.raises(ServiceUnavailableError):
                await client.revision_now()


async def test_a_server_of_another_authority_is_not_believed(tmp_path: Path) -> None:
    _, tls, _ = authority(tmp_path / "here")
    _, _, stranger = authority(tmp_path / "there")
    async with served(tls) as server, calling(server, stranger) as client:
        with pytest.raises(ServiceUnavailableError):
            await client.revision_now()


async def test_says_that_it_is_well_and_what_it_serves() -> None:
    async with served() as server, grpc.aio.insecure_channel(server) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = await health.Check(health_pb2.HealthCheckRequest(service="knarr.v1.Resources"))
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        call = stub.ServerReflectionInfo(iter([asked]))
        found = await call.read()
        names = {service.name for service in found.list_services_response.service}
        assert "knarr.v1.Resources" in names


async def test_a_busy_port_is_one_clear_line() -> None:
    async with served() as server:
        port = int(server.rpartition(":")[2])
        with pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with serve_grpc(registry(), gate(), "127.0.0.1", port):
                pass


async def test_reads_turn_to_the_next_server() -> None:
    async with served() as second:
        async with serve_grpc(registry(), gate(), "127.0.0.1", 0) as front:
            first = f"127.0.0.1:{front.port}"
        async with connect((first, second), Credentials(token="root")) as client:
            async with asyncio.timeout(5):
                assert await client.revision_now() >= 0


@asynccontextmanager
async def running(store: MemoryStore) -> AsyncIterator[Registry]:
    made = Registry(store, clock=SystemClock(), rng=seeded(1))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(made.run())
        await made.ready()
        yield made
        task.cancel()


def config(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(namespace="default", name=name))


async def test_a_server_that_ends_hands_its_watchers_to_the_next() -> None:
    store = MemoryStore()
    async with AsyncExitStack() as stack:
        first_registry = await stack.enter_async_context(running(store))
        second_registry = await stack.enter_async_context(running(store))
        second = await stack.enter_async_context(
            serve_grpc(second_registry, gate(), "127.0.0.1", 0)
        )
        async with AsyncExitStack() as short:
            first = await short.enter_async_context(
                serve_grpc(first_registry, gate(), "127.0.0.1", 0)
            )
            servers = tuple(f"127.0.0.1:{front.port}" for front in (first, second))
            client = await stack.enter_async_context(connect(servers, Credentials(token="root")))
            informers = await stack.enter_async_context(Informers(client))
            configs = informers.of(ConfigMap)
            await informers.listed()
            created = await client.create(config("a"))
            await configs.caught_up(int(created.metadata.resource_version))
            began = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - began < 1, "watches do not hold up the end"
        async with asyncio.timeout(5):
            await client.revision_now()
            created = await client.create(config("b"))
            await configs.caught_up(int(created.metadata.resource_version))
        assert {Key("default", "a"), Key("default", "b")} <= set(configs.objects)


async def test_an_object_too_large_is_refused_as_that() -> None:
    async with served() as server, calling(server, Credentials(token="root")) as client:
        with pytest.raises(RequestEntityTooLargeError):
            await client.create(replace(config("big"), data={"a": "x" * REQUEST_BYTES_MAX}))


async def test_a_server_that_is_gone_is_unavailable() -> None:
    async with served() as server:
        pass
    async with calling(server, Credentials(token="root")) as client:
        with pytest.raises(ServiceUnavailableError):
            await client.revision_now()
