"""What a node consists of: kubelet, proxy, name server, each with the flags its program has."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog
from msgspec import Struct, field

from dns import __main__ as dns
from knarr.cluster.hosts.join import AgentFolder, JoinOptions, Membership
from knarr.cluster.hosts.settings import ClusterSettings
from knarr.daemon.run import setting_at_fault
from knarr.daemon.settings import Flags
from kubelet import __main__ as kubelet
from proxy import __main__ as proxy

log = structlog.get_logger()

AGAIN_MIN_S = 1.0
AGAIN_MAX_S = 30.0
"""A part that failed is started again after so long, twice as late each time."""

ALIVE_S = 60.0
"""A part that ran for so long is started again soon."""

Run = Callable[[], Awaitable[None]]

_PROGRAMS: Mapping[str, tuple[Callable[[], Flags], Callable[..., Awaitable[None]]]] = {
    "kubelet": (kubelet.flags, kubelet.serve),
    "proxy": (proxy.flags, proxy.serve),
    "dns": (dns.flags, dns.serve),
}


class AgentOptions(Struct, frozen=True, kw_only=True):
    """One node."""

    join: JoinOptions
    state_dir: Path
    runtime: str = "auto"
    node_ip: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    taints: tuple[str, ...] = ()
    dns_port: int = 10053
    """Where names are answered on this host; the Service kube-dns leads there."""
    without: tuple[str, ...] = ()
    """Parts that do not run: `proxy`, `dns`."""
    kubelet: Mapping[str, str] = field(default_factory=dict)
    """Further flags of the kubelet."""
    proxy: Mapping[str, str] = field(default_factory=dict)


def flags_of(
    options: AgentOptions,
    folder: AgentFolder,
    membership: Membership,
    settings: ClusterSettings,
    servers: tuple[str, ...],
) -> dict[str, list[str]]:
    """The command line of each part that runs here."""
    to_server = {
        "server-file": str(folder.servers),
        "server": ",".join(servers),
        "certificate-authority": str(folder.authority),
        "client-certificate": str(folder.client),
        "client-key": str(folder.client),
    }
    named = {**to_server, "hostname-override": membership.node}
    wanted = {
        "kubelet": {
            **named,
            "node-ip": ",".join(options.node_ip),
            "node-labels": ",".join(options.labels),
            "register-with-taints": ",".join(options.taints),
            "root-dir": str(folder.path / "kubelet"),
            "cluster-cidr": settings.cluster_cidr[0],
            "tls-cert-file": str(folder.serving),
            "tls-private-key-file": str(folder.serving),
            "client-ca-file": str(folder.authority),
            "runtime": options.runtime,
            "cluster-dns": settings.dns,
            "cluster-domain": settings.domain,
            **options.kubelet,
        },
        "proxy": {
            **named,
            "cluster-cidr": settings.cluster_cidr[0],
            "local-endpoints": f"kube-system/kube-dns=127.0.0.1:{options.dns_port}",
            **options.proxy,
        },
        "dns": {**to_server, "bind-address": "127.0.0.1", "port": str(options.dns_port)},
    }
    return {
        part: [f"--{name}={value}" for name, value in flags.items() if value]
        for part, flags in wanted.items()
        if part not in options.without
    }


def parts_of(flags: Mapping[str, list[str]]) -> dict[str, Run]:
    """What runs each part. Raise SystemExit where a flag is wrong."""
    return {part: _program(part, arguments) for part, arguments in flags.items()}


def _program(part: str, arguments: list[str]) -> Run:
    flags, serve = _PROGRAMS[part]
    found = flags().read(arguments, {})
    return lambda: serve(found)


async def keep_running(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run a part, again and again, until cancelled."""
    loop = asyncio.get_running_loop()
    again_after_s = AGAIN_MIN_S
    while True:
        began = loop.time()
        try:
            await run()
        except Exception as error:
            told = setting_at_fault(error)
            if told is None:
                log.exception("a part failed", part=name)
            else:
                log.warning("a part cannot run", part=name, error=str(told))
        lasted = loop.time() - began > ALIVE_S
        again_after_s = AGAIN_MIN_S if lasted else min(again_after_s * 2, AGAIN_MAX_S)
        await asyncio.sleep(again_after_s)
