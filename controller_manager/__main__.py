"""The process `knarr-controller-manager`."""

from argparse import Namespace
from datetime import timedelta
from pathlib import Path

from controller_manager.loadbalancer.decide import bounds
from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.client.flags import add_client_flags, add_leader_flags, client_of, leading
from knarr.daemon.certificates import Authority, Pair
from knarr.daemon.clock import SystemClock, seeded
from knarr.daemon.health import Health, serve_health
from knarr.daemon.jwt import Signer, read_private_key
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon
from knarr.daemon.settings import Flags, SettingsError, add_log_flags


def _flags() -> Flags:
    default = ControllerSettings()
    flags = Flags("knarr-controller-manager", "Make the cluster match what is wanted.")
    add_client_flags(flags)
    add_leader_flags(flags, lease="kube-controller-manager")
    flags.flag("bind-address", default="127.0.0.1", help="address of /healthz and /metrics")
    flags.flag("secure-port", default=10257, help="port of /healthz and /metrics, 0 for any")
    flags.flag("controllers", default=default.controllers, help="names, -NAME for all but one")
    flags.flag("node-monitor-grace-period", default=default.node_monitor_grace_s)
    flags.flag("terminated-pod-gc-threshold", default=default.terminated_pod_gc_threshold)
    flags.flag("root-ca-file", default="", help="the certificate by which pods know the server")
    flags.flag("node-eviction-rate", type=float, default=default.node_eviction_rate)
    flags.flag("cluster-cidr", default=default.cluster_cidr)
    flags.flag("node-cidr-mask-size", default=default.node_cidr_mask_size)
    flags.flag("node-cidr-mask-size-ipv6", default=default.node_cidr_mask_size_ipv6)
    flags.flag("service-cluster-ip-range", default=default.service_cidr, help="not for nodes")
    flags.flag("cluster-signing-cert-file", default="", help="authority that signs certificates")
    flags.flag("cluster-signing-key-file", default="", help="the key of that authority")
    flags.flag(
        "approve-kubelet-serving",
        default=default.approve_serving,
        help="approve nodes' requests for serving certificates of their own names",
    )
    flags.flag(
        "cluster-signing-duration",
        default=default.signing_duration.total_seconds(),
        help="how long the certificates are good that it signs",
    )
    flags.flag(
        "service-account-private-key-file", default="", help="key for tokens kept in Secrets"
    )
    flags.flag("horizontal-pod-autoscaler-sync-period", default=default.hpa_sync_period_s)
    flags.flag("provision-root", default=default.provision_root, help="where volumes are made")
    flags.flag(
        "volumes-wait",
        default=default.volumes_wait,
        help="such volumes are made where their first pod runs: for several hosts",
    )
    flags.flag(
        "storage-classes", default=default.storage_classes, help="more classes of such volumes"
    )
    flags.flag("load-balancer-pool", default=default.load_balancer_pool, help="ranges of addresses")
    add_log_flags(flags)
    return flags


def settings_of(found: Namespace) -> ControllerSettings:
    """The settings that flags say. Raise SettingsError for an unreadable file."""
    try:
        root_ca = Path(found.root_ca_file).read_text() if found.root_ca_file else ""
        key = found.service_account_private_key_file
        signer = Signer(read_private_key(Path(key).read_bytes())) if key else None
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise SettingsError(f"--service-account-private-key-file: {error}") from None
    return ControllerSettings(
        controllers=found.controllers,
        node_monitor_grace_s=found.node_monitor_grace_period,
        terminated_pod_gc_threshold=found.terminated_pod_gc_threshold,
        root_ca=root_ca,
        node_eviction_rate=found.node_eviction_rate,
        cluster_cidr=found.cluster_cidr,
        node_cidr_mask_size=found.node_cidr_mask_size,
        node_cidr_mask_size_ipv6=found.node_cidr_mask_size_ipv6,
        service_cidr=found.service_cluster_ip_range,
        authority=_authority(found.cluster_signing_cert_file, found.cluster_signing_key_file),
        approve_serving=found.approve_kubelet_serving,
        signing_duration=timedelta(seconds=found.cluster_signing_duration),
        signer=signer,
        hpa_sync_period_s=found.horizontal_pod_autoscaler_sync_period,
        provision_root=found.provision_root,
        storage_classes=found.storage_classes,
        volumes_wait=found.volumes_wait,
        load_balancer_pool=_pool(found.load_balancer_pool),
    )


def _authority(certificate: str, key: str) -> Authority | None:
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise SettingsError(
            "--cluster-signing-cert-file and --cluster-signing-key-file go together"
        )
    return Authority.of(Pair(Path(certificate), Path(key)), SystemClock())


def _pool(entries: tuple[str, ...]) -> tuple[str, ...]:
    for entry in entries:
        try:
            bounds(entry)
        except ValueError as error:
            raise SettingsError(f"--load-balancer-pool: {error}") from None
    return entries


async def run(found: Namespace) -> None:
    """Run the controllers while leading, until cancelled."""
    clock = SystemClock()
    settings = settings_of(found)
    async with (
        serve_health(Health(), found.bind_address, found.secure_port),
        client_of(found, program="kube-controller-manager") as client,
        leading(found, client, clock),
    ):
        await run_controllers(client, clock, seeded(), settings)


def main() -> None:
    """Read the flags and run."""
    found = _flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon("knarr-controller-manager", run(found))


if __name__ == "__main__":
    main()
