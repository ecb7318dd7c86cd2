"""What a pod is told of the network: its name, its resolver, its hosts file, its ports."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from msgspec import Struct

from knarr.api.core.pod import Pod
from kubelet.runtime.runtime import PortMapping
from kubelet.sync.host import PodNetwork

HOSTNAME_MAX = 63

HOST_FILE = Path("/etc/hosts")

_PROTOCOLS: Mapping[str, Literal["TCP", "UDP", "SCTP"]] = {"UDP": "UDP", "SCTP": "SCTP"}


class DnsSettings(Struct, frozen=True, kw_only=True):
    """Where pods ask for names."""

    servers: Sequence[str] = ()
    domain: str = "cluster.local"
    host_resolv_conf: Path = Path("/etc/resolv.conf")


def pod_network(pod: Pod, ip: str, host_ip: str, dns: DnsSettings) -> PodNetwork:
    """What the pod's sandbox is given."""
    address = host_ip if pod.spec.host_network else ip
    return PodNetwork(
        hostname=hostname(pod, dns.domain),
        ip=address,
        ports=_ports(pod),
        resolv_conf=resolv_conf(pod, dns),
        hosts=hosts_file(pod, address, dns.domain),
    )


def hostname(pod: Pod, domain: str) -> str:
    """The name a pod's containers see themselves under."""
    if pod.spec.hostname_override:
        return pod.spec.hostname_override
    short = (pod.spec.hostname or pod.metadata.name)[:HOSTNAME_MAX].rstrip("-.")
    if pod.spec.set_hostname_as_fqdn and pod.spec.subdomain:
        return f"{short}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{domain}"
    return short


def resolv_conf(pod: Pod, dns: DnsSettings) -> str:
    """The resolver's configuration, by the pod's dnsPolicy and dnsConfig."""
    servers: list[str] = []
    searches: list[str] = []
    options: dict[str, str] = {}
    policy = pod.spec.dns_policy or "ClusterFirst"
    in_cluster = policy == "ClusterFirstWithHostNet" or (
        policy == "ClusterFirst" and not pod.spec.host_network
    )
    if in_cluster and dns.servers:
        servers = list(dns.servers)
        namespace = pod.metadata.namespace
        searches = [f"{namespace}.svc.{dns.domain}", f"svc.{dns.domain}", dns.domain]
        searches += _host_searches(dns)
        options["ndots"] = "5"
    elif policy != "None":
        return _with_config(pod, *_host_settings(dns))
    return _with_config(pod, servers, searches, options)


def hosts_file(pod: Pod, ip: str, domain: str) -> str:
    """The hosts file: loopback names, the pod's own, and its hostAliases."""
    if pod.spec.host_network:
        return _host_file() + _aliases(pod)
    lines = [
        "# Kubernetes-managed hosts file.",
        "127.0.0.1\tlocalhost",
        "::1\tlocalhost ip6-localhost ip6-loopback",
        "fe00::0\tip6-localnet",
        "fe00::0\tip6-mcastprefix",
        "fe00::1\tip6-allnodes",
        "fe00::2\tip6-allrouters",
    ]
    name = pod.spec.hostname or pod.metadata.name
    if pod.spec.subdomain:
        full = f"{name}.{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{domain}"
        lines.append(f"{ip}\t{full}\t{name}")
    else:
        lines.append(f"{ip}\t{name}")
    return "\n".join(lines) + "\n" + _aliases(pod)


def _aliases(pod: Pod) -> str:
    if not pod.spec.host_aliases:
        return ""
    lines = ["", "# Entries added by HostAliases."]
    lines += [f"{one.ip}\t" + "\t".join(one.hostnames) for one in pod.spec.host_aliases]
    return "\n".join(lines) + "\n"


def _host_file() -> str:
    """The hosts file of the host, for pods in its network."""
    try:
        text = HOST_FILE.read_text()
    except OSError:
        text = "127.0.0.1\tlocalhost\n"
    return f"# Kubernetes-managed hosts file (host network).\n{text}"


def _ports(pod: Pod) -> tuple[PortMapping, ...]:
    if pod.spec.host_network:
        return ()
    return tuple(
        PortMapping(
            host_port=port.host_port,
            container_port=port.container_port,
            protocol="UDP"
            if port.protocol == "UDP"
            else "SCTP"
            if port.protocol == "SCTP"
            else "TCP",
            host_ip=port.host_ip,
        )
        for container in (*pod.spec.init_containers, *pod.spec.containers)
        for port in container.ports
        if port.host_port
    )


def _host_lines(dns: DnsSettings) -> list[list[str]]:
    try:
        text = dns.host_resolv_conf.read_text()
    except OSError:
        return []
    return [line.split() for line in text.splitlines() if line.split()]


def _host_searches(dns: DnsSettings) -> list[str]:
    return [
        word for line in _host_lines(dns) if line[0] in ("search", "domain") for word in line[1:]
    ]


def _host_settings(dns: DnsSettings) -> tuple[list[str], list[str], dict[str, str]]:
    lines = _host_lines(dns)
    servers = [line[1] for line in lines if line[0] == "nameserver" and len(line) > 1]
    options = [word for line in lines if line[0] == "options" for word in line[1:]]
    return servers, _host_searches(dns), dict(_option(word) for word in options)


def _option(word: str) -> tuple[str, str]:
    name, _, value = word.partition(":")
    return name, value


def _with_config(pod: Pod, servers: list[str], searches: list[str], options: dict[str, str]) -> str:
    config = pod.spec.dns_config
    if config is not None:
        servers = list(dict.fromkeys((*servers, *config.nameservers)))
        searches = list(dict.fromkeys((*searches, *config.searches)))
        options = options | {one.name: one.value or "" for one in config.options}
    lines = []
    if searches:
        lines.append("search " + " ".join(searches))
    lines += [f"nameserver {server}" for server in servers]
    if options:
        words = [f"{name}:{value}" if value else name for name, value in options.items()]
        lines.append("options " + " ".join(words))
    return "\n".join(lines) + "\n"
