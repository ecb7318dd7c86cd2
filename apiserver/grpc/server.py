"""The gRPC server: its limits, its TLS, health, reflection and its end."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_health.v1._async import HealthServicer
from grpc_reflection.v1alpha import reflection
from msgspec import Struct

from apiserver.auth.gate import Gate
from apiserver.grpc.access import Access
from apiserver.grpc.maintenance import Maintenance
from apiserver.grpc.nodes import Nodes
from apiserver.grpc.resources import SERVICE, Resources
from apiserver.nodes.connection import NodeConnections
from apiserver.registry.registry import Registry
from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

REQUEST_BYTES_MAX = 8 * 1024 * 1024
"""Largest request taken. An object may have 3 MiB; a patch is not larger."""

STREAMS_PER_CONNECTION_MAX = 2048
"""Calls and watches of one connection at a time; a client with more opens another connection."""

GRACE_S = 2.0
"""How long a server that ends lets calls finish; watches end at once."""

KEEPALIVE_S = 30
"""A silent connection is asked for a sign of life this often, and closed after as long again."""


class Tls(Struct, frozen=True):
    """Where the server's certificate lies, and who is let in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    """When set, every client must show a certificate of this authority, and is who it names;
    gRPC for Python cannot ask for one and do without. Otherwise tokens say who asks."""


class GrpcFront(Struct, frozen=True):
    """A gRPC server that runs, and the port it listens on."""

    port: int


_OPTIONS: Sequence[tuple[str, int]] = (
    ("grpc.max_receive_message_length", REQUEST_BYTES_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION_MAX),
    ("grpc.max_metadata_size", 1024 * 1024),
    ("grpc.keepalive_time_ms", KEEPALIVE_S * 1000),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_S * 1000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    # Two servers on one port would share clients by chance; a busy port is an error.
    ("grpc.so_reuseport", 0),
)


@asynccontextmanager
async def serve_grpc(
    registry: Registry,
    gate: Gate,
    address: str,
    port: int,
    tls: Tls | None = None,
    *,
    nodes: NodeConnections | None = None,
) -> AsyncIterator[GrpcFront]:
    """Serve while the block runs; port 0 takes any free one. Raise SettingsError if it is busy."""
    server = grpc.aio.server(options=_OPTIONS)
    access = Access(gate, has_certificates=tls is not None and tls.client_ca is not None)
    resources = Resources(registry, access)
    server.add_generic_rpc_handlers((resources.handler(),))
    server.add_generic_rpc_handlers((Maintenance(registry.core, access).handler(),))
    if nodes is not None:
        server.add_generic_rpc_handlers((Nodes(registry.core, access, nodes).handler(),))
    health = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(health, server)
    reflection.enable_server_reflection(
        (SERVICE, "grpc.health.v1.Health", reflection.SERVICE_NAME), server
    )
    host = f"[{address}]" if ":" in address else address
    bound = _bind(server, f"{host}:{port}", tls)
    await server.start()
    for service in ("", SERVICE):
        await health.set(service, health_pb2.HealthCheckResponse.SERVING)
    log.info("serving gRPC", address=address, port=bound)
    try:
        yield GrpcFront(bound)
    finally:
        await health.enter_graceful_shutdown()
        resources.end_watches()
        await server.stop(GRACE_S)


def _bind(server: grpc.aio.Server, address: str, tls: Tls | None) -> int:
    try:
        if tls is None:
            return int(server.add_insecure_port(address))
        return int(server.add_secure_port(address, _credentials(tls)))
    except RuntimeError:
        raise SettingsError(f"cannot listen on {address}: is something else there?") from None


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    """Credentials that read the files anew when they change, for certificates are renewed."""
    load = _loader(tls)
    first = load()
    assert first is not None, "the first load has something to say"
    return grpc.dynamic_ssl_server_credentials(
        first, load, require_client_authentication=tls.client_ca is not None
    )


def _loader(tls: Tls) -> Callable[[], grpc.ServerCertificateConfiguration | None]:
    read: tuple[bytes, ...] = ()

    def load() -> grpc.ServerCertificateConfiguration | None:
        nonlocal read
        files = (tls.key, tls.certificate) + ((tls.client_ca,) if tls.client_ca else ())
        found = tuple(file.read_bytes() for file in files)
        if found == read:
            return None
        read = found
        ca = found[2] if tls.client_ca else None
        return grpc.ssl_server_certificate_configuration([(found[0], found[1])], ca)

    return load
