"""Puts the API server together: store, registry, who may what, REST front, gRPC."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct, field
from msgspec.structs import replace

from apiserver.admission.plugins import admission_plugins
from apiserver.admission.resource_quota import ResourceQuotas
from apiserver.aggregation.authorities import authorities, publish_authorities
from apiserver.aggregation.connection import ExtensionConnections
from apiserver.aggregation.extensions import Extensions
from apiserver.auth.account_secrets import AccountSecrets
from apiserver.auth.attributes import Attributes
from apiserver.auth.authenticate import Authentication
from apiserver.auth.bootstrap_policy import bootstrap_objects
from apiserver.auth.bootstrap_tokens import BootstrapTokens
from apiserver.auth.escalation import Escalation
from apiserver.auth.follow import follow_roles, make_roles
from apiserver.auth.gate import AllowAll, Authorization, Authorizer, Gate
from apiserver.auth.node import NodeAuthorizer
from apiserver.auth.rbac import Rbac
from apiserver.auth.reviews import Reviews
from apiserver.auth.service_account_tokens import DEFAULT_ISSUER, ServiceAccountTokens
from apiserver.auth.signers import Signers
from apiserver.auth.token_file import read_tokens
from apiserver.custom.controller import CustomResources
from apiserver.extensions.authorizer import Asked, Decide
from apiserver.extensions.calls import Calls
from apiserver.extensions.policies import MutatingPolicies, ValidatingPolicies
from apiserver.extensions.webhooks import MutatingWebhooks, ValidatingWebhooks
from apiserver.grpc.server import CertificatePort, GrpcFront, Tls, serve_grpc
from apiserver.identity import keep_identity
from apiserver.nodes.connection import NodeConnections
from apiserver.nodes.credentials import KubeletCredentials
from apiserver.nodes.grpc import GrpcNodes
from apiserver.registry import advertise
from apiserver.registry.registry import Registry
from apiserver.registry.request import Request, User
from apiserver.registry.settings import Settings as RegistrySettings
from apiserver.rest.aggregated import Aggregated
from apiserver.rest.audit import AuditLog
from apiserver.rest.front import Front
from apiserver.rest.health import Health
from apiserver.rest.log_files import LogFiles
from apiserver.rest.openapi import OpenApi
from apiserver.rest.openid import OpenId
from apiserver.rest.self_signed import self_signed_context
from apiserver.rest.version import version_page
from apiserver.storage.compaction import COMPACT_EVERY_S, compact_regularly
from apiserver.storage.open import open_store
from apiserver.storage.store import Store
from apiserver.usage.resource_metrics import ResourceMetrics
from knarr.api.authentication.token_request import TokenRequest
from knarr.api.core.pod import Pod
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.daemon.clock import Clock, SystemClock, seeded, uid_source
from knarr.daemon.jwt import Signer, read_private_key, read_public_key
from knarr.daemon.settings import SettingsError
from knarr.daemon.shown import Shown

log = structlog.get_logger()


class Options(Struct, frozen=True, kw_only=True):
    """What an operator may choose, by Kubernetes' names."""

    store: str = "memory://"
    etcd_compaction_interval: float = COMPACT_EVERY_S
    """After so many seconds the store forgets the past, whatever kind of store it is."""
    bind_address: str = "127.0.0.1"
    secure_port: int = 6443
    grpc_port: int = 6444
    """Port of the gRPC API, 0 for any, -1 for none."""
    grpc_client_ca_file: str = ""
    """When set, gRPC clients must show certificates of this authority; else tokens say who asks."""
    grpc_certificate_port: int = -1
    """Port of the gRPC API at which clients must show certificates of `client_ca_file`, 0 for
    any, -1 for none."""
    token_auth_file: str = ""
    client_ca_file: str = ""
    tls_cert_file: str = ""
    tls_private_key_file: str = ""
    kubelet_client_certificate: str = ""
    """How the server shows itself to kubelets; without one their connections are not encrypted."""
    kubelet_client_key: str = ""
    kubelet_certificate_authority: str = ""
    proxy_client_cert_file: str = ""
    """How the server shows itself to the servers behind APIServices."""
    proxy_client_key_file: str = ""
    requestheader_client_ca_file: str = ""
    """Who signed that; published so that they believe what the server says of users."""
    anonymous_auth: bool = True
    authorization_mode: tuple[str, ...] = ("Node", "RBAC")
    enable_admission_plugins: tuple[str, ...] = ()
    """Beside the default ones."""
    disable_admission_plugins: tuple[str, ...] = ()
    service_account_issuer: str = DEFAULT_ISSUER
    service_account_signing_key_file: str = ""
    service_account_key_file: tuple[str, ...] = ()
    api_audiences: tuple[str, ...] = ()
    audit_log_path: str = ""
    shutdown_delay_duration: float = 0.0
    """So many seconds a server that ends still serves, while it says that it is not ready."""
    registry: RegistrySettings = field(default_factory=RegistrySettings)


class Server(Struct, frozen=True):
    """A server that runs."""

    registry: Registry
    gate: Gate
    address: tuple[str, int]
    grpc_port: int
    """Where gRPC is served, 0 for nowhere."""
    grpc_certificate_port: int = 0
    """Where gRPC is served to those with certificates, 0 for nowhere."""


@asynccontextmanager
async def serve(options: Options, nodes: NodeConnections | None = None) -> AsyncIterator[Server]:
    """Run the server while the block runs; kubelets are reached by gRPC unless told otherwise."""
    bound, options = _bound(options)
    with bound:
        async with _serving(options, bound, nodes) as server:
            yield server


@asynccontextmanager
async def _serving(
    options: Options, bound: socket.socket, nodes: NodeConnections | None
) -> AsyncIterator[Server]:
    clock = SystemClock()
    rbac = Rbac()
    async with open_store(options.store) as store, asyncio.TaskGroup() as group:
        authorizers: list[Authorizer] = []
        authorization = Authorization(authorizers)
        calls = Calls()
        registry = _registry(options, store, clock, calls, authorization, rbac)
        authorizers += _authorizers(options, registry, rbac)
        tokens = _service_account_tokens(options, registry, clock)
        gate = Gate(_authentication(options, registry, tokens, clock), (authorization,))
        _answer_reviews(registry, Reviews(gate, rbac, tokens, clock))
        _answer_token_requests(registry, tokens)
        roles_known = asyncio.Event()
        compaction = compact_regularly(
            store, every_s=options.etcd_compaction_interval, forget=registry.forget
        )
        running = [
            group.create_task(registry.run(), name="registry"),
            group.create_task(compaction, name="compaction"),
        ]
        await registry.ready()
        custom = CustomResources(registry, calls)
        extensions = _extensions(options, registry)
        registry.elsewhere = extensions
        kubelets = GrpcNodes(_kubelet_credentials(options))
        reached = nodes or kubelets
        measuring = ResourceMetrics(registry, reached, custom.api_services.keep)
        running += [
            group.create_task(keep_identity(registry), name="identity"),
            group.create_task(custom.run(), name="custom resources"),
            group.create_task(extensions.run(), name="extensions"),
            group.create_task(measuring.run(), name="resource metrics"),
        ]
        await custom.loaded.wait()
        await extensions.loaded.wait()
        await make_roles(registry)
        running.append(group.create_task(follow_roles(registry, rbac, roles_known), name="roles"))
        await roles_known.wait()
        await publish_authorities(registry, _authorities(options))
        health = Health(store=lambda: _reach(registry), caches=registry.ready)
        audit = _audit(options)
        front = Front(registry, gate, health, reached, extensions, audit)
        _add_pages(front, tokens, OpenApi(registry.kinds, custom.schemas, Aggregated(extensions)))
        tls = _tls(options, clock)
        async with (
            front.serve(bound, tls) as address,
            _grpc(options, registry, gate, reached) as grpc_front,
            _leaving(front, health, options.shutdown_delay_duration),
            advertise.advertised(registry.core, is_shared=options.store.startswith("etcd")),
        ):
            log.info("serving", address=address[0], port=address[1], store=options.store)
            yield Server(registry, gate, address, grpc_front.port, grpc_front.certificate_port)
        for closed in (kubelets, calls, extensions.connections):
            await closed.close()
        _end(audit, running)


@asynccontextmanager
async def _leaving(front: Front, health: Health, delay_s: float) -> AsyncIterator[None]:
    """Serve while the block runs and a while longer, in which whoever looks sees that it ends."""
    try:
        yield
    finally:
        health.shut_down()
        front.end()
        await asyncio.sleep(delay_s)


def _end(audit: AuditLog | None, running: Iterable[asyncio.Task[None]]) -> None:
    if audit is not None:
        audit.close()
    for task in running:
        task.cancel()


def _authorities(options: Options) -> dict[str, str]:
    try:
        return authorities(options.client_ca_file, options.requestheader_client_ca_file)
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None


def _extensions(options: Options, registry: Registry) -> Extensions:
    connections = ExtensionConnections(
        registry.core, options.proxy_client_cert_file, options.proxy_client_key_file
    )
    return Extensions(registry, connections)


def _bound(options: Options) -> tuple[socket.socket, Options]:
    """The socket of the REST API, bound but not listening yet, and options that tell its port."""
    host, port = options.bind_address, options.secure_port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingsError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    settings = options.registry
    if not settings.advertise_port:
        settings = replace(settings, advertise_port=bound.getsockname()[1])
    return bound, replace(options, registry=settings)


def _add_pages(front: Front, tokens: ServiceAccountTokens, open_api: OpenApi) -> None:
    front.add_page("version", version_page)
    front.add_page("logs", LogFiles().page)
    openid = OpenId(tokens.issuer, tokens.keys, tokens.issuer)
    front.add_page(".well-known", openid.page)
    front.add_page("openid", openid.page)
    front.add_page("openapi", open_api.page)


@asynccontextmanager
async def _grpc(
    options: Options, registry: Registry, gate: Gate, nodes: NodeConnections
) -> AsyncIterator[GrpcFront]:
    """Serve gRPC, encrypted wherever others than this host could listen."""
    if options.grpc_port < 0:
        yield GrpcFront(0)
        return
    address, certificate = options.bind_address, options.tls_cert_file
    if not certificate and address not in ("127.0.0.1", "::1", "localhost"):
        raise SettingsError("--tls-cert-file is needed to serve gRPC to other hosts")
    client_ca = options.grpc_client_ca_file
    tls = Tls(
        Path(certificate),
        Path(options.tls_private_key_file or certificate),
        Path(client_ca) if client_ca else None,
    )
    async with serve_grpc(
        registry,
        gate,
        address,
        options.grpc_port,
        tls if certificate else None,
        nodes=nodes,
        certificates=_certificate_port(options),
    ) as front:
        yield front


def _certificate_port(options: Options) -> CertificatePort | None:
    if options.grpc_certificate_port < 0:
        return None
    certificate, authority = options.tls_cert_file, options.client_ca_file
    if not certificate or not authority:
        raise SettingsError(
            "--tls-cert-file and --client-ca-file are needed for --grpc-certificate-port"
        )
    key = Path(options.tls_private_key_file or certificate)
    return CertificatePort(
        options.grpc_certificate_port, Tls(Path(certificate), key, Path(authority))
    )


def _kubelet_credentials(options: Options) -> KubeletCredentials | None:
    """What to show to kubelets and whom to believe; both ways or none."""
    certificate, authority = (
        options.kubelet_client_certificate,
        options.kubelet_certificate_authority,
    )
    if not certificate and not authority:
        return None
    return KubeletCredentials(certificate, options.kubelet_client_key, authority)


def _registry(
    options: Options,
    store: Store,
    clock: Clock,
    calls: Calls,
    authorization: Authorization,
    rbac: Rbac,
) -> Registry:
    settings = options.registry
    built_in = admission_plugins(
        tokens=settings.service_account_tokens,
        toleration_s=settings.default_toleration_s,
        enable=options.enable_admission_plugins,
        disable=options.disable_admission_plugins,
    )
    decide = _decide(authorization)
    users = (
        MutatingPolicies(decide),
        MutatingWebhooks(calls, decide),
        ValidatingPolicies(decide),
        ValidatingWebhooks(calls, decide),
    )
    granting = (Escalation(authorization, rbac), Signers(authorization))
    # What is counted must be what is stored, so the quota is asked last.
    quotas = tuple(plugin for plugin in built_in if isinstance(plugin, ResourceQuotas))
    others = tuple(plugin for plugin in built_in if not isinstance(plugin, ResourceQuotas))
    chain = (*others, *users, *quotas, *granting)
    return Registry(store, clock=clock, rng=seeded(), settings=settings, plugins=chain)


def _decide(authorization: Authorization) -> Decide:
    """What expressions ask when they ask whether somebody may."""

    def decide(user: User, asked: Asked) -> tuple[bool, str]:
        attributes = Attributes(
            user,
            asked.verb,
            is_resource=not asked.path,
            group=asked.group,
            version=asked.version,
            resource=asked.resource,
            subresource=asked.subresource,
            namespace=asked.namespace,
            name=asked.name,
            path=asked.path,
        )
        decision = authorization.decide(attributes)
        return decision.verdict == "allow", decision.reason

    return decide


def _audit(options: Options) -> AuditLog | None:
    try:
        return AuditLog(options.audit_log_path) if options.audit_log_path else None
    except OSError as error:
        raise SettingsError(f"--audit-log-path: {error}") from None


async def _reach(registry: Registry) -> None:
    await registry.revision()


def _service_account_tokens(
    options: Options, registry: Registry, clock: Clock
) -> ServiceAccountTokens:
    try:
        if options.service_account_signing_key_file:
            key = read_private_key(Path(options.service_account_signing_key_file).read_bytes())
        else:
            key = ec.generate_private_key(ec.SECP256R1())
        others = [
            read_public_key(Path(one).read_bytes()) for one in options.service_account_key_file
        ]
    except (OSError, ValueError) as error:
        raise SettingsError(f"service account keys: {error}") from None
    return ServiceAccountTokens(
        Signer(key),
        registry.core,
        clock=clock,
        new_uid=uid_source(),
        issuer=options.service_account_issuer,
        audiences=options.api_audiences,
        keys=others,
    )


def _authentication(
    options: Options, registry: Registry, tokens: ServiceAccountTokens, clock: Clock
) -> Authentication:
    static = {}
    if options.token_auth_file:
        try:
            static = dict(read_tokens(Path(options.token_auth_file).read_text()))
        except OSError as error:
            raise SettingsError(f"--token-auth-file: {error}") from None
    return Authentication(
        tokens=static,
        others=(
            tokens,
            AccountSecrets(registry.core, tokens.keys),
            BootstrapTokens(registry.core, clock),
        ),
        anonymous=options.anonymous_auth,
    )


def _authorizers(options: Options, registry: Registry, rbac: Rbac) -> tuple[Authorizer, ...]:
    pods = registry.core.resource(Pod).cache

    def pods_of(node: str) -> Iterable[Pod]:
        for entry in pods.having("spec.nodeName", node):
            assert isinstance(entry.object, Pod), "the cache of pods holds pods"
            yield entry.object

    node_rules = next(
        role.rules
        for role in bootstrap_objects()
        if isinstance(role, ClusterRole) and role.metadata.name == "system:node"
    )
    known: dict[str, Authorizer] = {
        "Node": NodeAuthorizer(node_rules, pods_of),
        "RBAC": rbac,
        "AlwaysAllow": AllowAll(),
    }
    for mode in options.authorization_mode:
        if mode not in known:
            raise SettingsError(f"--authorization-mode: {mode} is none of {', '.join(known)}")
    return tuple(known[mode] for mode in options.authorization_mode)


def _answer_reviews(registry: Registry, reviews: Reviews) -> None:
    for (group, plural), handler in reviews.handlers().items():
        registry.answer_with(group, plural, handler)


def _answer_token_requests(registry: Registry, tokens: ServiceAccountTokens) -> None:
    async def answer(request: Request, asked: TokenRequest) -> TokenRequest:
        return await tokens.request(request.namespace, request.name, asked)

    registry.answer_with("", "serviceaccounts", answer, "token")


def _tls(options: Options, clock: Clock) -> ssl.SSLContext:
    try:
        if options.tls_cert_file:
            shown = Shown(
                Path(options.tls_cert_file),
                Path(options.tls_private_key_file or options.tls_cert_file),
                Path(options.client_ca_file) if options.client_ca_file else None,
            )
            return shown.https()
        context = self_signed_context(options.bind_address, clock.now())
        if options.client_ca_file:
            context.load_verify_locations(options.client_ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(f"certificates: {error}") from None
    return context
