"""The gRPC server: its limits, its TLS, health, reflection and its end."""

from collections.abc import AsyncIterator, Sequence
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
from knarr.daemon.shown import Shown

log = structlog.get_logger()

REQUEST_BYTES_MAX = 8 * 1024 * 1024
"""Largest request taken. An object may have 3 MiB; a patch is not larger."""

STREAMS_PER_CONNECTION_MAX = 2048
"""Calls and watches of one connection at a time; a client with more opens another connection."""

GRACE_S = 5.0
"""How long a server that ends lets calls finish, a busy disk included; watches end at once."""

KEEPALIVE_S = 30
"""A silent connection is asked for a sign of life this often, and closed after as long again."""


class Tls(Struct, frozen=True):
    """Where the server's certificate lies, and who is let in."""

    certificate: Path
    key: Path
    client_ca: Path | None = None
    """When set, every client must show a certificate of this authority, and is who it names;
    gRPC for Python cannot ask for one and do without. Otherwise tokens say who asks."""


class CertificatePort(Struct, frozen=True):
    """A further port, for clients with certificates."""

    port: int
    tls: Tls


class GrpcFront(Struct, frozen=True):
    """A gRPC server that runs, and the ports it listens on."""

    port: int
    certificate_port: int = 0
    """Where clients must show certificates, 0 for nowhere."""


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
    certificates: CertificatePort | None = None,
) -> AsyncIterator[GrpcFront]:
    """Serve while the block runs; port 0 takes any free one. Raise SettingsError if it is busy.

    With `certificates` there is a second port, at which clients are whom their
    certificates name.
    """
    server = grpc.aio.server(options=_OPTIONS)
    shows = certificates is not None or (tls is not None and tls.client_ca is not None)
    access = Access(gate, has_certificates=shows)
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
    second = 0
    if certificates is not None:
        second = _bind(server, f"{host}:{certificates.port}", certificates.tls)
    await server.start()
    for service in ("", SERVICE):
        await health.set(service, health_pb2.HealthCheckResponse.SERVING)
    log.info("serving gRPC", address=address, port=bound)
    try:
        yield GrpcFront(bound, second)
    finally:
        await health.enter_graceful_shutdown()
        resources.end_watches()
        await server.stop(GRACE_S)


def _bind(server: grpc.aio.Server, address: str, tls: Tls | None) -> int:
    try:
        if tls is None:
            return int(server.add_insecure_port(address))
        shown = Shown(tls.certificate, tls.key, tls.client_ca)
        credentials = shown.grpc(require=tls.client_ca is not None)
        return int(server.add_secure_port(address, credentials))
    except RuntimeError:
        raise SettingsError(f"cannot listen on {address}: is something else there?") from None
