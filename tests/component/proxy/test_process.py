"""The process knarr-proxy, from its start until nothing of it is left."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from msgspec.structs import replace

from apiserver.auth.authenticate import Authentication
from apiserver.auth.gate import Gate
from apiserver.grpc.server import serve_grpc
from apiserver.registry.registry import Registry
from apiserver.registry.request import User
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.api.core.namespace import Namespace
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.discovery.endpoint_slice import Endpoint, EndpointPort, EndpointSlice
from knarr.api.errors import AlreadyExistsError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.client import Client
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.settings import SettingsError
from proxy.__main__ import flags, local_endpoints, mode_of
from proxy.model import Backend
from proxy.userspace.balancer import Balancer
from proxy.userspace.sockets import Sockets
from proxy.userspace.tcp import TcpListener
from tests.component.proxy.net_lab import CLUSTER_CIDR, NetLab, in_namespace, net_lab
from tests.component.proxy.test_userspace import echo
from tests.multihost.namespaces import inside, place

TOKEN = "secret"
PORT = 6444
"""Of the API server, in the host's network."""

KEY = Key("default", "web")
VIP, OTHER_VIP = "10.96.0.10", "10.96.0.11"
OUTSIDE = "127.200.0.8"
A, B = "10.88.0.5", "10.88.0.6"


class Api:
    """An API server that may be gone for a while; what it holds stays."""

    def __init__(self, registry: Registry, listens: Sockets) -> None:
        self.client: Client = InProcessClient(registry)
        root = User("root", groups=("system:masters",))
        self._gate = Gate(Authentication(tokens={TOKEN: root}), ())
        self._registry = registry
        self._listens = listens

    @asynccontextmanager
    async def served(self) -> AsyncIterator[int]:
        """Answer at a port of the network that the proxy is in."""
        async with serve_grpc(self._registry, self._gate, "127.0.0.1", 0) as front:
            way = Balancer((Backend("127.0.0.1", front.port),), 0)
            with self._listens.bound("127.0.0.1", 0, socket.SOCK_STREAM) as probe:
                port = probe.getsockname()[1] if self._listens.to_clients is socket.socket else PORT
            door = TcpListener("127.0.0.1", port, way, self._listens)
            await door.open()
            try:
                yield port
            finally:
                await door.close()


@asynccontextmanager
async def api(listens: Sockets) -> AsyncIterator[Api]:
    registry = Registry(
        MemoryStore(),
        clock=SystemClock(),
        rng=seeded(1),
        settings=Settings(service_account_tokens=False),
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(registry.run())
        await registry.ready()
        yield Api(registry, listens)
        running.cancel()


async def make_service(client: Client, name: str, ip: str, *ports: ServicePort) -> Service:
    with suppress(AlreadyExistsError):
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
    return await client.create(
        Service(
            metadata=ObjectMeta(name=name, namespace="default"),
            spec=ServiceSpec(cluster_ip=ip, ports=ports or (ServicePort(name="http", port=80),)),
        )
    )


def slice_of(name: str, address: str, port: int = 8080) -> EndpointSlice:
    return EndpointSlice(
        metadata=ObjectMeta(
            name=name, namespace="default", labels={"kubernetes.io/service-name": name}
        ),
        address_type="IPv4",
        endpoints=(Endpoint(addresses=(address,)),),
        ports=(EndpointPort(name="http", port=port, protocol="TCP"),),
    )


@asynccontextmanager
async def running(
    folder: Path, port: int, *flags: str, within: Sequence[str] = ()
) -> AsyncIterator[asyncio.subprocess.Process]:
    """knarr-proxy while the block runs; then it is asked to end, and does."""
    (folder / "token").write_text(TOKEN)
    process = await asyncio.create_subprocess_exec(
        *(*within, sys.executable, "-m", "proxy", f"--server=127.0.0.1:{port}"),
        *(f"--token-file={folder / 'token'}", "--healthz-port=0", *flags),
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def until(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Look until what is wanted is seen."""
    seen = None
    try:
        async with asyncio.timeout(30):
            while (seen := await look()) != wanted:
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{seen} is not {wanted}") from None


def rules(lab: NetLab) -> str:
    return in_namespace(lab.host, ("nft", "list", "tables")).stdout


async def test_rules_follow_the_server_and_outlive_the_proxy(tmp_path: Path) -> None:
    async with net_lab() as lab:
        within = ("nsenter", f"--net={place(lab.host)}")

        def listens(family: int, kind: int) -> socket.socket:
            with inside(place(lab.host)):
                return socket.socket(family, kind)

        async def asked(address: str = VIP) -> set[str]:
            return {one.split()[0] for one in await lab.ask(lab.client, address, 80)}

        async def tells_of_web() -> bool:
            return f"{VIP} " in in_namespace(lab.host, ("nft", "list", "ruleset")).stdout

        words = ("--proxy-mode=nftables", f"--cluster-cidr={CLUSTER_CIDR}")
        await lab.pod("a", A, 8080)
        await lab.pod("b", B, 8080)
        async with api(Sockets(to_clients=listens)) as it:
            await make_service(it.client, "web", VIP)
            made = await it.client.create(slice_of("web", A))
            async with running(tmp_path, PORT, *words, within=within):
                async with it.served():
                    await until(asked, {"a"})
                    there = (replace(made.endpoints[0], addresses=(B,)),)
                    await it.client.update(replace(made, endpoints=there))
                    await until(asked, {"b"})
                await make_service(it.client, "other", OTHER_VIP)
                await it.client.create(slice_of("other", A))
                await it.client.delete(Service, KEY)
                assert await asked() == {"b"}, "nobody has told it yet"
                async with it.served():  # The same process finds the server that is back.
                    await until(lambda: asked(OTHER_VIP), {"a"})
                    await until(tells_of_web, wanted=False)
            assert await asked(OTHER_VIP) == {"a"}, "what the kernel was told stays"
        assert "knarr-proxy" in rules(lab)
        cleaning = (*within, sys.executable, "-m", "proxy", "--cleanup")
        process = await asyncio.create_subprocess_exec(*cleaning)
        assert await process.wait() == 0
        assert rules(lab) == ""


async def test_without_privilege_it_carries_connections_itself(tmp_path: Path) -> None:
    async with (
        api(Sockets()) as it,
        echo("a", "127.201.0.1") as a,
        echo("b", "127.201.0.2") as b,
        it.served() as port,
    ):
        with socket.socket() as probe:
            probe.bind((OUTSIDE, 0))
            number: int = probe.getsockname()[1]

        async def asked() -> bytes:
            try:
                reader, writer = await asyncio.open_connection(OUTSIDE, number)
            except ConnectionRefusedError:
                return b"refused"
            try:
                writer.write_eof()
                return await reader.read()
            except ConnectionResetError:
                return b"refused"
            finally:
                writer.close()

        made = await make_service(it.client, "web", "", ServicePort(name="http", port=number))
        outside = replace(made.spec, external_ips=(OUTSIDE,))
        await it.client.update(replace(made, spec=outside))
        leads = await it.client.create(slice_of("web", a.ip, a.port))
        async with running(tmp_path, port, "--proxy-mode=userspace"):
            await until(asked, b"a:")
            there = replace(slice_of("web", b.ip, b.port), metadata=leads.metadata)
            await it.client.update(there)
            await until(asked, b"b:")
        assert await asked() == b"refused"


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        pytest.param("--cluster-cidr=10.0.0.0/99", "does not appear to be", id="a range"),
        pytest.param("--nodeport-addresses=here", "does not appear to be", id="an address"),
        pytest.param("--local-endpoints=web", "is not NAMESPACE/NAME=ADDRESS:PORT", id="a place"),
    ],
)
def test_what_is_wrong_with_a_flag_is_told(flag: str, told: str) -> None:
    found = flags().read([flag])
    with pytest.raises(SettingsError, match=told):
        _ = local_endpoints(found.local_endpoints), mode_of(found)
