"""The process knarr-kubelet."""

import asyncio
import signal
import socket
from argparse import Namespace
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import grpc
import structlog

from knarr.api import quantities
from knarr.api.core.node import Node
from knarr.api.core.scheduling import Taint
from knarr.api.core.service import Service
from knarr.api.scalars import Quantity
from knarr.client.flags import add_client_flags, client_of
from knarr.client.informers import Informers
from knarr.daemon.clock import Clock, SystemClock
from knarr.daemon.health import Health, serve_health
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon, run_once
from knarr.daemon.settings import Flags, SettingsError, add_log_flags, duration_s
from knarr.daemon.shown import Shown
from kubelet.eviction.evictor import EvictionOptions
from kubelet.eviction.images import ImageRules
from kubelet.eviction.thresholds import HARD_DEFAULT, ThresholdError, hard, soft
from kubelet.kubelet import PODS_MAX, Kubelet, KubeletOptions
from kubelet.network import DnsSettings
from kubelet.node.agent import LEASE_S
from kubelet.node.shutdown import ShutdownOptions
from kubelet.routes.decide import Wanted
from kubelet.routes.forwarding import Forwarding, ForwardingOptions, why_not
from kubelet.routes.links import Links
from kubelet.routes.routes import NodeRoutes
from kubelet.runtime.choose import RuntimeSettings, docker_host, open_runtime
from kubelet.runtime.docker.cleanup import remove_all
from kubelet.runtime.docker.runtime import DockerRuntime
from kubelet.runtime.process.network import Bridge
from kubelet.runtime.runtime import Runtime

log = structlog.get_logger()

NAME = "knarr-kubelet"

API_SERVER = "kube-apiserver-kubelet-client"
"""The common name of the certificate by which API servers show themselves, as kubeadm has it."""


def flags() -> Flags:
    """All flags of knarr-kubelet."""
    found = Flags(NAME, "Make this host's containers match the pods bound to it.")
    add_client_flags(found)
    _add_node_flags(found)
    _add_serving_flags(found)
    _add_eviction_flags(found)
    found.flag(
        "shutdown-grace-period",
        type=duration_s,
        default=0.0,
        help="how long pods may take to end when the machine stops: logind or SIGPWR says so",
    )
    found.flag(
        "shutdown-grace-period-critical-pods",
        type=duration_s,
        default=0.0,
        help="what of it is kept for critical pods, which end last",
    )
    found.flag(
        "shutdown-grace-period-by-pod-priority",
        default=(),
        help="instead of both: PRIORITY=DURATION for pods from there on, 0=30s,1000=10s",
    )
    found.flag(
        "max-container-restart-period",
        type=duration_s,
        default=300.0,
        help="the longest delay before a container starts again, 1s to 300s",
    )
    found.flag("pod-max-pids", default=0, help="processes a container may have, 0 for any number")
    found.flag("allowed-unsafe-sysctls", default=(), help="kernel settings pods may change too")
    found.flag(
        "runtime",
        choices=("auto", "docker", "process", "hollow"),
        default="auto",
        help="what runs the containers; auto takes Docker where it answers",
    )
    found.flag("container-runtime-endpoint", default="", help="where Docker answers: unix://PATH")
    found.flag("pod-infra-container-image", default="", help="image of sandboxes instead of ours")
    found.flag(
        "pod-bridge",
        default="",
        help="bridge that networks of processes' pods are put behind: NAME=ADDRESS",
    )
    found.flag("cluster-dns", default=(), help="addresses of the DNS server for pods")
    found.flag("cluster-domain", default="cluster.local", help="domain of Services and pods")
    found.flag("resolv-conf", default="/etc/resolv.conf", help="resolver settings of this host")
    add_log_flags(found)
    return found


def _add_node_flags(found: Flags) -> None:
    found.flag("hostname-override", default="", help="name of the node instead of the host's")
    found.flag("node-ip", default=(), help="addresses of this host, IPv4 or IPv6")
    found.flag("node-labels", default=(), help="labels of the node: KEY=VALUE")
    found.flag("register-with-taints", default=(), help="taints of the node: KEY=VALUE:EFFECT")
    found.flag("root-dir", default="/var/lib/knarr/kubelet", help="where volumes and state lie")
    found.flag("pod-manifest-path", default="", help="folder of pods this node runs by itself")
    found.flag("pod-cidr", default="", help="addresses of pods; a controller assigns them if empty")
    found.flag("cluster-cidr", default="", help="addresses of all nodes' pods: keep routes to them")
    found.flag("cleanup", default=False, help="remove the node's pods, routes and rules, and end")
    found.flag("max-pods", default=PODS_MAX, help="how many pods the node takes")
    found.flag("node-lease-duration-seconds", default=LEASE_S, help="renewed after a quarter of it")
    found.flag("kube-reserved", default=(), help="kept from pods for Knarr: cpu=100m,memory=1Gi")
    found.flag("system-reserved", default=(), help="kept from pods for the system")


def _add_eviction_flags(found: Flags) -> None:
    hard_default = tuple(HARD_DEFAULT.split(","))
    found.flag("eviction-hard", default=hard_default, help="pods go at once: memory.available<1Gi")
    found.flag("eviction-soft", default=(), help="pods go after a while: memory.available<1Gi")
    found.flag("eviction-soft-grace-period", default=(), help="that while: memory.available=90s")
    found.flag(
        "eviction-max-pod-grace-period", default=0, help="seconds pods get that go for those"
    )
    found.flag(
        "eviction-pressure-transition-period",
        type=duration_s,
        default=300.0,
        help="how long a pressure is told of after it was last there",
    )
    found.flag("image-gc-high-threshold", default=85, help="percent of disk used: images go")
    found.flag("image-gc-low-threshold", default=80, help="percent of disk used: no more go")
    found.flag(
        "minimum-image-ttl-duration",
        type=duration_s,
        default=120.0,
        help="a younger image is not removed",
    )


def _eviction(found: Namespace) -> EvictionOptions:
    try:
        return EvictionOptions(
            hard=hard(found.eviction_hard),
            soft=soft(found.eviction_soft, found.eviction_soft_grace_period),
            soft_grace_max_s=float(found.eviction_max_pod_grace_period),
            transition_s=found.eviction_pressure_transition_period,
            images=ImageRules(
                high_percent=found.image_gc_high_threshold,
                low_percent=found.image_gc_low_threshold,
                min_age_s=found.minimum_image_ttl_duration,
            ),
        )
    except ThresholdError as error:
        raise SettingsError(f"--eviction-hard, --eviction-soft: {error}") from None


def _restart_max_s(found: Namespace) -> float:
    longest_s: float = found.max_container_restart_period
    if not 1 <= longest_s <= 300:
        raise SettingsError("--max-container-restart-period must be from 1s to 300s")
    return longest_s


def _shutdown(found: Namespace) -> ShutdownOptions:
    grace_s, critical_s = found.shutdown_grace_period, found.shutdown_grace_period_critical_pods
    flag = "--shutdown-grace-period"
    if critical_s > grace_s:
        raise SettingsError(f"{flag}-critical-pods is longer than {flag}")
    by_priority = {}
    pairs = _pairs(found.shutdown_grace_period_by_pod_priority, f"{flag}-by-pod-priority")
    for priority, duration in pairs.items():
        try:
            by_priority[int(priority)] = duration_s(duration)
        except ValueError as error:
            raise SettingsError(f"{flag}-by-pod-priority: {error}") from None
    if by_priority and grace_s > 0:
        raise SettingsError(f"{flag} and {flag}-by-pod-priority exclude one another")
    return ShutdownOptions(grace_s=grace_s, critical_grace_s=critical_s, by_priority=by_priority)


def _add_serving_flags(found: Flags) -> None:
    found.flag("address", default="0.0.0.0", help="address at which the API server asks")
    found.flag("port", default=10250, help="port of the same, 0 for any")
    found.flag("tls-cert-file", default="", help="certificate that names the node")
    found.flag("tls-private-key-file", default="", help="the key of that certificate")
    found.flag("client-ca-file", default="", help="whose certificates may ask")
    found.flag("healthz-bind-address", default="127.0.0.1", help="address of /healthz, /metrics")
    found.flag("healthz-port", default=10248, help="port of /healthz and /metrics, 0 for any")


def options_of(found: Namespace) -> KubeletOptions:
    """The options that flags say. Raise SettingsError."""
    credentials = _credentials(found)
    return KubeletOptions(
        node_name=_node_name(found),
        node_ips=found.node_ip or (_own_address(found.server[0]),),
        state_dir=Path(found.root_dir),
        address=found.address,
        port=found.port,
        credentials=credentials,
        clients=frozenset({API_SERVER} if credentials is not None else ()),
        manifests=Path(found.pod_manifest_path) if found.pod_manifest_path else None,
        pods_max=found.max_pods,
        lease_s=max(found.node_lease_duration_seconds, 1),
        pod_cidr=found.pod_cidr,
        labels=_pairs(found.node_labels, "--node-labels"),
        taints=tuple(_taint(text) for text in found.register_with_taints),
        reserved=_reserved(found),
        eviction=_eviction(found),
        shutdown=_shutdown(found),
        restart_max_s=_restart_max_s(found),
        unsafe_sysctls=found.allowed_unsafe_sysctls,
        dns=DnsSettings(
            servers=found.cluster_dns,
            domain=found.cluster_domain,
            host_resolv_conf=Path(found.resolv_conf),
        ),
    )


def _node_name(found: Namespace) -> str:
    return found.hostname_override or socket.gethostname().lower()


def _credentials(found: Namespace) -> grpc.ServerCredentials | None:
    """What is shown to API servers and whom of them to believe."""
    certificate = found.tls_cert_file
    if not certificate:
        if found.address not in ("127.0.0.1", "::1", "localhost"):
            raise SettingsError(
                "--tls-cert-file and --client-ca-file are needed to answer other hosts; "
                "or choose --address 127.0.0.1"
            )
        return None
    if not found.client_ca_file:
        raise SettingsError("--client-ca-file is needed: else anybody could run commands here")
    shown = Shown(
        Path(certificate),
        Path(found.tls_private_key_file or certificate),
        Path(found.client_ca_file),
    )
    return shown.grpc(require=True)


def _own_address(server: str) -> str:
    """The address of this host by which it reaches the API server."""
    host, _, port = server.rpartition(":")
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host.strip("[]"), int(port), type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(address)
            return str(probe.getsockname()[0])
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"--node-ip is not given, and no way leads to {server}: {error}"
        ) from None


def _pairs(texts: tuple[str, ...], flag: str) -> Mapping[str, str]:
    pairs = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise SettingsError(f"{flag}: {text!r} is not KEY=VALUE")
        pairs[key] = value
    return pairs


def _taint(text: str) -> Taint:
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    if not key or effect not in ("NoSchedule", "PreferNoSchedule", "NoExecute"):
        raise SettingsError(f"--register-with-taints: {text!r} is not KEY=VALUE:EFFECT")
    return Taint(key=key, value=value, effect=effect)


def _reserved(found: Namespace) -> Mapping[str, Quantity]:
    total: dict[str, Quantity] = {}
    for flag in ("kube_reserved", "system_reserved"):
        name = f"--{flag.replace('_', '-')}"
        for resource, amount in _pairs(getattr(found, flag), name).items():
            try:
                quantity = quantities.canonical(amount)
            except ValueError as error:
                raise SettingsError(f"{name}: {error}") from None
            total[resource] = (
                quantities.add(total[resource], quantity) if resource in total else quantity
            )
    return total


def _runtime_settings(found: Namespace, options: KubeletOptions) -> RuntimeSettings:
    bridge, _, gateway = found.pod_bridge.partition("=")
    return RuntimeSettings(
        kind=found.runtime,
        endpoint=found.container_runtime_endpoint,
        sandbox_image=found.pod_infra_container_image,
        state_dir=options.state_dir,
        node_name=options.node_name,
        pod_cidr=options.pod_cidr,
        bridge=Bridge(name=bridge, gateway=gateway) if gateway else None,
    )


def _routes(
    found: Namespace, options: KubeletOptions, runtime: Runtime, informers: Informers
) -> NodeRoutes | None:
    """What keeps the way to other nodes' pods, where there is one to keep."""
    if not found.cluster_cidr or not isinstance(runtime, DockerRuntime):
        return None
    why = why_not()
    if why is not None:
        log.warning("no routes to the pods of other nodes", reason=why)
        return None
    forwarding = Forwarding(_forwarding_options(found, options.state_dir))
    routes = NodeRoutes(informers.of(Node), options.node_name, Links(), forwarding)
    runtime.on_restart(routes.check)
    return routes


def _forwarding_options(found: Namespace, state_dir: Path) -> ForwardingOptions:
    return ForwardingOptions(cluster_cidr=found.cluster_cidr, record=state_dir / "sysctls.json")


@asynccontextmanager
async def _kubelet(
    found: Namespace, clock: Clock
) -> AsyncIterator[tuple[Kubelet, NodeRoutes | None]]:
    options = options_of(found)
    options.state_dir.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            serve_health(Health(), found.healthz_bind_address, found.healthz_port)
        )
        client = await stack.enter_async_context(client_of(found, program="kubelet"))
        runtime = await stack.enter_async_context(
            open_runtime(_runtime_settings(found, options), clock)
        )
        informers = await stack.enter_async_context(Informers(client))
        routes = _routes(found, options, runtime, informers)
        yield Kubelet(options, client, clock, runtime, informers.of(Service)), routes


async def serve(found: Namespace) -> None:
    """Be a node until cancelled; containers go on."""
    async with _kubelet(found, SystemClock()) as (kubelet, routes), asyncio.TaskGroup() as group:
        if routes is not None:
            group.create_task(routes.run(), name="routes")
        group.create_task(kubelet.run(), name="kubelet")
        grace_s = options_of(found).shutdown.total_s
        if grace_s > 0:
            group.create_task(_hear_logind(kubelet, grace_s), name="logind")
        power_fails = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGPWR, power_fails.set)
        await power_fails.wait()
        await kubelet.shut_down()


async def _hear_logind(kubelet: Kubelet, grace_s: float) -> None:
    """Hold the machine's shutdown up until the pods have ended, where there is logind."""
    # Whoever gives pods no time needs no D-Bus.
    from kubelet.node.logind import Logind, LogindError  # noqa: PLC0415

    try:
        async with Logind.opened(grace_s) as logind:
            async for stops in logind.announcements():
                if stops:
                    await kubelet.shut_down()
                    logind.let_go()
                else:
                    kubelet.stay()
    except LogindError as error:
        log.warning("only SIGPWR tells that this machine stops", error=str(error))


async def clean_up(found: Namespace) -> int:
    """Remove what the node left on this host: pods, their network, routes, rules."""
    state_dir = Path(found.root_dir)
    endpoint = found.container_runtime_endpoint or docker_host()
    await remove_all(endpoint, _node_name(found), state_dir)
    if why_not() is None:
        await Links().apply(Wanted(), own_cidr="", own_address="")
        await Forwarding(_forwarding_options(found, state_dir)).remove()
    return 0


def main() -> None:
    """Run knarr-kubelet."""
    found = flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    if found.cleanup:
        run_once(lambda: clean_up(found))
    else:
        run_daemon(NAME, serve(found))


if __name__ == "__main__":
    main()
