"""The process `knarr-apiserver`."""

import asyncio
from argparse import Namespace
from ipaddress import ip_address

from msgspec.structs import fields, replace

from apiserver.auth.service_account_tokens import DEFAULT_ISSUER
from apiserver.registry.settings import Settings as RegistrySettings
from apiserver.server import Options, serve
from apiserver.storage.compaction import COMPACT_EVERY_S
from knarr.daemon.addresses import own_address
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import Flags, SettingsError, add_log_flags


def _flags() -> Flags:
    flags = Flags("knarr-apiserver", "Serve the Kubernetes API over a store.")
    flags.flag("store", default="memory://", help="memory://, sqlite:///PATH or etcd://HOST:PORT")
    flags.flag(
        "etcd-compaction-interval", default=COMPACT_EVERY_S, help="how long the past is kept"
    )
    flags.flag("secure-port", default=6443, help="port of the REST API, 0 for any")
    flags.flag("grpc-port", default=6444, help="port of the gRPC API, 0 for any, -1 for none")
    flags.flag("grpc-client-ca-file", default="", help="whose certificates gRPC clients must show")
    flags.flag(
        "grpc-certificate-port",
        default=-1,
        help="port of the gRPC API for clients with certificates, 0 for any, -1 for none",
    )
    flags.flag("bind-address", default="127.0.0.1", help="address to listen on")
    flags.flag("token-auth-file", default="", help="static tokens: token,user,uid,groups a line")
    flags.flag("client-ca-file", default="", help="whose client certificates are believed")
    flags.flag("tls-cert-file", default="", help="the server's certificate")
    flags.flag("tls-private-key-file", default="", help="the key of that certificate")
    flags.flag("kubelet-client-certificate", default="", help="what to show to kubelets")
    flags.flag("kubelet-client-key", default="", help="the key of that certificate")
    flags.flag("kubelet-certificate-authority", default="", help="whose kubelets are believed")
    flags.flag("proxy-client-cert-file", default="", help="what to show to extension servers")
    flags.flag("proxy-client-key-file", default="", help="the key of that certificate")
    flags.flag("requestheader-client-ca-file", default="", help="who signed it; is published")
    flags.flag("anonymous-auth", default=True, help="let in who says nothing, as system:anonymous")
    flags.flag("authorization-mode", default=("Node", "RBAC"), help="Node, RBAC, AlwaysAllow")
    flags.flag("enable-admission-plugins", default=(), help="more of them, such as NodeRestriction")
    flags.flag("disable-admission-plugins", default=(), help="default ones that are not asked")
    flags.flag("service-account-issuer", default=DEFAULT_ISSUER, help="who signs tokens")
    flags.flag("service-account-signing-key-file", default="", help="the key that signs tokens")
    flags.flag("service-account-key-file", default=(), help="keys whose tokens are believed too")
    flags.flag("api-audiences", default=(), help="for whom tokens of this server are")
    flags.flag(
        "service-cluster-ip-range",
        default="10.96.0.0/16",
        help="addresses of Services; two with a comma, IPv4 and IPv6, where they may have both",
    )
    flags.flag("service-node-port-range", default="30000-32767", help="node ports of Services")
    flags.flag("advertise-address", default="", help="where others reach this server")
    flags.flag(
        "min-request-timeout",
        default=RegistrySettings().watch_timeout_s,
        help="seconds after which watches without an end of their own end; up to twice as many",
    )
    flags.flag("audit-log-path", default="", help="file for a line of JSON a request, - for stdout")
    flags.flag(
        "shutdown-delay-duration",
        default=0.0,
        help="how long a server that ends still serves while it says that it is not ready",
    )
    add_log_flags(flags)
    return flags


def options_of(found: Namespace) -> Options:
    """The options that flags say. Raise SettingsError."""
    known = {field.name for field in fields(Options)}
    options = Options(**{name: value for name, value in vars(found).items() if name in known})
    low, _, high = found.service_node_port_range.partition("-")
    try:
        ports = range(int(low), int(high) + 1)
    except ValueError:
        raise SettingsError("--service-node-port-range is not LOW-HIGH") from None
    registry = replace(
        options.registry,
        service_network=found.service_cluster_ip_range,
        node_ports=ports,
        advertise_address=found.advertise_address or _reached_at(found.bind_address),
        advertise_port=found.secure_port,
        watch_timeout_s=found.min_request_timeout,
    )
    try:
        assert registry.service_networks
    except ValueError as error:
        raise SettingsError(f"--service-cluster-ip-range: {error}") from None
    return replace(options, registry=registry)


def _reached_at(bind_address: str) -> str:
    """Where others reach us when we listen there: at any address, that which leads outwards."""
    try:
        address = ip_address(bind_address)
    except ValueError:
        return ""
    return own_address(version=address.version) if address.is_unspecified else bind_address


async def run(options: Options) -> None:
    """Serve until cancelled."""
    async with serve(options):
        await asyncio.get_running_loop().create_future()


def main() -> None:
    """Read the flags and serve."""
    found = _flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    try:
        options = options_of(found)
    except SettingsError as error:
        raise SystemExit(f"knarr-apiserver: {error}") from None
    run_daemon("knarr-apiserver", run(options))


if __name__ == "__main__":
    main()
