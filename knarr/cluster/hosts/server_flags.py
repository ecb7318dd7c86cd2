"""The flags of `knarr server`."""

import ipaddress
import socket
from argparse import Namespace
from datetime import timedelta
from pathlib import Path

from knarr.cluster.folder import DNS_HOST
from knarr.cluster.hosts.commands import STATE_DIR, token_of
from knarr.cluster.hosts.join_server import ServerJoin
from knarr.cluster.hosts.server import ServerOptions, first_address
from knarr.cluster.hosts.settings import ClusterSettings
from knarr.daemon.settings import Flags, SettingsError, add_log_flags

_PROBE = ("192.0.2.1", 9)
"""An address that nobody has: which of ours would lead there is asked, nothing is sent."""


def server_flags() -> Flags:
    """The flags of `knarr server`."""
    default = ClusterSettings()
    flags = Flags("knarr server", "Run a control-plane host, the first or a further one.")
    flags.flag("name", default=socket.gethostname().lower(), help="name of this server")
    flags.flag("state-dir", default=f"{STATE_DIR}/server", help="where its state lies")
    flags.flag("kubeconfig", default="", help="file that gets a context of the cluster")
    flags.flag("bind-address", default="0.0.0.0", help="address to listen on")
    flags.flag("advertise-address", default="", help="address by which others reach this host")
    flags.flag("secure-port", default=6443, help="port of the REST API")
    flags.flag("grpc-port", default=6444, help="port of the gRPC API, for tokens; -1 for none")
    flags.flag("grpc-certificate-port", default=6445, help="the same for certificates, and nodes")
    flags.flag("tls-san", default=(), help="further names and addresses of this host")
    flags.flag("store", default="sqlite", help="sqlite, or etcd://HOST:PORT[,…] (etcds with TLS)")
    flags.flag("cluster-init", default=False, help="run a member of etcd here as the store")
    flags.flag("etcd-client-port", default=2379, help="port of that member")
    flags.flag("etcd-peer-port", default=2380, help="port of the same for other members")
    flags.flag("cluster-cidr", default=default.cluster_cidr, help="addresses of pods")
    flags.flag("node-cidr-mask-size", default=default.node_cidr_mask_size)
    flags.flag(
        "service-cluster-ip-range",
        default=default.service_cidr,
        help="addresses of Services; two with a comma, IPv4 and IPv6, where they may have both",
    )
    flags.flag("cluster-domain", default=default.domain, help="domain of Services and pods")
    flags.flag("load-balancer-pool", default=(), help="ranges of addresses for LoadBalancers")
    flags.flag("storage-classes", default=(), help="more classes of volumes on nodes' disks")
    flags.flag("token-auth-file", default="", help="static tokens: token,user,uid,groups a line")
    flags.flag(
        "shutdown-delay-duration",
        default=0.0,
        help="how long a server that ends still serves while it says that it is not ready",
    )
    flags.flag("controllers", default=("*",), help="names, -NAME for all but one")
    flags.flag("certificate-duration", default=365 * 86400.0, help="how long certificates last")
    flags.flag("join", default="", help="address of a server whose cluster this host joins")
    flags.flag("token", default="", help="what `knarr token create --server` printed")
    flags.flag("token-file", default="", help="file with the token instead")
    flags.flag("discovery-token-ca-cert-hash", default=(), help="hash of the cluster's authority")
    flags.flag("certificate-key", default="", help="key to the keys that servers share")
    add_log_flags(flags)
    return flags


def options_of(found: Namespace) -> ServerOptions:
    """The options that flags say. Raise SettingsError."""
    if found.cluster_init and (found.join or found.store != "sqlite"):
        raise SettingsError("--cluster-init makes a cluster: neither --join nor --store go with it")
    settings = _settings(found)
    default = ClusterSettings()
    chosen = {
        name
        for name in ("cluster_cidr", "node_cidr_mask_size", "service_cidr", "domain", "store")
        if getattr(settings, name) != getattr(default, name)
    }
    return ServerOptions(
        name=found.name,
        state_dir=Path(found.state_dir),
        kubeconfig=Path(found.kubeconfig) if found.kubeconfig else None,
        bind_address=found.bind_address,
        advertise_address=found.advertise_address or _own_address(found.bind_address),
        secure_port=found.secure_port,
        grpc_port=found.grpc_port,
        grpc_certificate_port=found.grpc_certificate_port,
        etcd_client_port=found.etcd_client_port,
        etcd_peer_port=found.etcd_peer_port,
        hosts=found.tls_san,
        settings=settings,
        chosen=frozenset(chosen),
        join=_join(found),
        lasts=timedelta(seconds=found.certificate_duration),
        load_balancer_pool=found.load_balancer_pool,
        storage_classes=found.storage_classes,
        token_auth_file=found.token_auth_file,
        shutdown_delay_s=found.shutdown_delay_duration,
        controllers=found.controllers,
    )


def _settings(found: Namespace) -> ClusterSettings:
    services = found.service_cluster_ip_range.split(",")
    try:
        for cidr in (*found.cluster_cidr, *services):
            ipaddress.ip_network(cidr)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    return ClusterSettings(
        cluster_cidr=found.cluster_cidr,
        node_cidr_mask_size=found.node_cidr_mask_size,
        service_cidr=found.service_cluster_ip_range,
        dns=first_address(services[0], DNS_HOST),
        domain=found.cluster_domain,
        store="managed" if found.cluster_init else found.store,
    )


def _join(found: Namespace) -> ServerJoin | None:
    if not found.join:
        return None
    return ServerJoin(
        server=found.join,
        token=token_of(found),
        pins=found.discovery_token_ca_cert_hash,
        certificate_key=found.certificate_key,
    )


def _own_address(bind: str) -> str:
    """The address we listen on, or where that is any, the one that leads out of this host."""
    if bind not in ("0.0.0.0", "::", ""):
        return bind
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_PROBE)
            return str(probe.getsockname()[0])
        except OSError:
            raise SettingsError(
                "--advertise-address is needed: no address of this host leads anywhere"
            ) from None
