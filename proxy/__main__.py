"""The process knarr-proxy."""

import ipaddress
import socket
from argparse import Namespace
from collections.abc import Mapping, Sequence

import structlog

from knarr.api.core.node import Node
from knarr.api.core.service import Service
from knarr.api.discovery.endpoint_slice import EndpointSlice
from knarr.api.keys import Key
from knarr.client.flags import add_client_flags, client_of
from knarr.client.informers import Informers
from knarr.daemon.health import Health, serve_health
from knarr.daemon.logs import set_up_logs
from knarr.daemon.run import run_daemon, run_once
from knarr.daemon.settings import Flags, SettingsError, add_log_flags
from proxy.mode import Mode
from proxy.model import Backend
from proxy.nftables.mode import NftablesMode
from proxy.nftables.nft import Kernel, why_not
from proxy.proxy import Proxy
from proxy.ruleset import Family, RulesetOptions
from proxy.userspace.mode import UserspaceMode

NAME = "knarr-proxy"

FAMILIES: tuple[Family, ...] = ("ip", "ip6")

log = structlog.get_logger()


def flags() -> Flags:
    """All flags of knarr-proxy."""
    found = Flags(NAME, "Leads Service addresses to pods on this host.")
    add_client_flags(found)
    found.flag("proxy-mode", choices=("auto", "nftables", "userspace"), default="auto")
    found.flag("hostname-override", default="", help="name of our node")
    found.flag("cluster-cidr", default="", help="where pods are; others' sources are replaced")
    found.flag("masquerade-all", default=False, help="replace every source")
    found.flag(
        "nodeport-addresses", default=(), help="ranges of our addresses that have node ports"
    )
    found.flag("iptables-localhost-nodeports", default=True, help="node ports at 127.0.0.1 too")
    found.flag(
        "local-endpoints",
        default=(),
        help="Services that lead to a place of this host: NAMESPACE/NAME=ADDRESS:PORT",
    )
    found.flag("cleanup", default=False, help="remove the rules on this host, and end")
    found.flag("bind-address", default="127.0.0.1", help="address of /healthz and /metrics")
    found.flag("healthz-port", default=10256, help="port of /healthz and /metrics, 0 for any")
    add_log_flags(found)
    return found


def mode_of(found: Namespace) -> Mode:
    """The way of carrying that the flags and the machine allow. Raise SettingsError."""
    for one in (found.cluster_cidr, *found.nodeport_addresses):
        try:
            ipaddress.ip_network(one or "0.0.0.0/0", strict=False)
        except ValueError as error:
            raise SettingsError(str(error)) from None
    why = why_not()
    if found.proxy_mode == "nftables" and why is not None:
        raise SettingsError(f"--proxy-mode=nftables: {why}")
    if found.proxy_mode == "userspace" or why is not None:
        log.info("carrying connections ourselves", reason=why or "--proxy-mode=userspace")
        return UserspaceMode(found.nodeport_addresses or ("127.0.0.1",))
    is_v6 = ":" in found.cluster_cidr
    families = [
        RulesetOptions(
            family=family,
            cluster_cidr=found.cluster_cidr if is_v6 == (family == "ip6") else "",
            nodeport_addresses=found.nodeport_addresses,
            masquerade_all=found.masquerade_all,
        )
        for family in FAMILIES
    ]
    return NftablesMode(families, Kernel(), localhost=found.iptables_localhost_nodeports)


def local_endpoints(texts: Sequence[str]) -> Mapping[Key, Backend]:
    """What `--local-endpoints` says. Raise SettingsError."""
    made = {}
    for text in texts:
        service, _, place = text.partition("=")
        namespace, _, name = service.partition("/")
        address, _, port = place.rpartition(":")
        try:
            ipaddress.ip_address(address.strip("[]"))
            made[Key(namespace, name)] = Backend(address.strip("[]"), int(port))
        except ValueError:
            name = ""
        if not namespace or not name:
            raise SettingsError(f"--local-endpoints: {text!r} is not NAMESPACE/NAME=ADDRESS:PORT")
    return made


async def serve(found: Namespace) -> None:
    """Carry connections until cancelled."""
    own = local_endpoints(found.local_endpoints)
    async with (
        client_of(found, program="kube-proxy") as client,
        serve_health(Health(), found.bind_address, found.healthz_port),
        Informers(client) as informers,
    ):
        node_name = found.hostname_override or socket.gethostname().lower()
        services, slices = informers.of(Service), informers.of(EndpointSlice)
        nodes = informers.of(Node, field_selector=f"metadata.name={node_name}")
        mode = mode_of(found)
        # Pods go on talking while a new version of us starts; --cleanup removes the rules.
        stays = mode.name == "nftables"
        proxy = Proxy(services, slices, mode, node_name, own=own, nodes=nodes, stays=stays)
        await proxy.run()


async def clean_up(found: Namespace) -> int:
    """Remove what a proxy that was killed left."""
    if why_not() is None:
        await mode_of(found).close()
    return 0


def main() -> None:
    """Run knarr-proxy."""
    found = flags().read()
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    if found.cleanup:
        run_once(lambda: clean_up(found))
    else:
        run_daemon(NAME, serve(found))


if __name__ == "__main__":
    main()
