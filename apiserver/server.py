"""Puts the API server together: store, registry, gate, REST front."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from apiserver.auth.authenticate import Authentication
from apiserver.auth.gate import Gate
from apiserver.auth.token_file import read_tokens
from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings as RegistrySettings
from apiserver.rest.front import Front
from apiserver.rest.health import Check, Health
from apiserver.rest.self_signed import self_signed_context
from apiserver.rest.version import version_page
from apiserver.storage.open import open_store
from knarr.daemon.clock import SystemClock, seeded

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What an operator may choose, by Kubernetes' names."""

    store: str = "memory://"
    bind_address: str = "127.0.0.1"
    secure_port: int = 6443
    token_auth_file: str = ""
    client_ca_file: str = ""
    tls_cert_file: str = ""
    tls_private_key_file: str = ""
    anonymous_auth: bool = True
    registry: RegistrySettings = field(default_factory=RegistrySettings)


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    registry: Registry
    gate: Gate
    address: tuple[str, int]


@asynccontextmanager
async def serve(options: Options) -> AsyncIterator[Server]:
    """Run the server while the block runs."""
    clock = SystemClock()
    async with open_store(options.store) as store, asyncio.TaskGroup() as group:
        registry = Registry(store, clock=clock, rng=seeded(), settings=options.registry)
        running = group.create_task(registry.run(), name="registry")
        await registry.ready()
        gate = Gate(_authentication(options), ())
        front = Front(registry, gate, Health(store=_reach(registry), caches=registry.ready))
        front.add_page("version", version_page)
        tls = _tls(options)
        async with front.serve(options.bind_address, options.secure_port, tls) as address:
            log.info("serving", address=address[0], port=address[1], store=options.store)
            yield Server(registry, gate, address)
        running.cancel()


def _reach(registry: Registry) -> Check:
    async def check() -> None:
        await registry.revision()

    return check


def _authentication(options: Options) -> Authentication:
    tokens = {}
    if options.token_auth_file:
        tokens = dict(read_tokens(Path(options.token_auth_file).read_text()))
    return Authentication(tokens=tokens, anonymous=options.anonymous_auth)


def _tls(options: Options) -> ssl.SSLContext:
    if options.tls_cert_file:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.tls_cert_file, options.tls_private_key_file or None)
    else:
        context = self_signed_context(options.bind_address, SystemClock().now())
    if options.client_ca_file:
        context.load_verify_locations(options.client_ca_file)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
