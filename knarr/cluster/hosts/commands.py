"""`knarr server`, `agent`, `token`, `leave` and `balance`: the flags, and what they start."""

import socket
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path

from knarr.daemon.settings import Flags, SettingsError, add_log_flags

STATE_DIR = "/var/lib/knarr"


def server(arguments: Sequence[str]) -> int:
    """Run a control-plane host."""
    # Imported only here: other commands start faster without it.
    from knarr.cluster.hosts.server import run_server  # noqa: PLC0415
    from knarr.cluster.hosts.server_flags import options_of, server_flags  # noqa: PLC0415
    from knarr.daemon.logs import set_up_logs  # noqa: PLC0415
    from knarr.daemon.run import run_daemon  # noqa: PLC0415

    found = server_flags().read(arguments)
    options = options_of(found)
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon("knarr server", run_server(options))
    return 0


def agent_flags() -> Flags:
    """The flags of `knarr agent`."""
    flags = Flags("knarr agent", "Make this host a node of a cluster, and be it.")
    flags.flag("join", default="", help="address of a server: https://HOST:6443")
    flags.flag("token", default="", help="what `knarr token create` printed; once joined, no more")
    flags.flag("token-file", default="", help="file with the token instead")
    flags.flag("discovery-token-ca-cert-hash", default=(), help="hash of the cluster's authority")
    flags.flag(
        "discovery-token-unsafe-skip-ca-verification",
        default=False,
        help="believe whichever cluster knows the token",
    )
    flags.flag("node-name", default=socket.gethostname().lower(), help="name of the node")
    flags.flag("node-ip", default=(), help="addresses of this host")
    flags.flag("node-labels", default=(), help="labels of the node: KEY=VALUE")
    flags.flag("register-with-taints", default=(), help="taints of the node: KEY=VALUE:EFFECT")
    flags.flag("state-dir", default=f"{STATE_DIR}/agent", help="where its state lies")
    flags.flag(
        "runtime",
        choices=("auto", "docker", "process", "hollow"),
        default="auto",
        help="what runs the containers; auto takes Docker where it answers",
    )
    flags.flag("dns-port", default=10053, help="where names are answered on this host")
    flags.flag("without", default=(), help="parts that do not run here: proxy, dns")
    flags.flag("certificate-duration", default=0.0, help="how long its certificates shall be good")
    flags.flag("kubelet-arg", default=(), help="further flags of the kubelet: NAME=VALUE")
    flags.flag("proxy-arg", default=(), help="further flags of the proxy: NAME=VALUE")
    add_log_flags(flags)
    return flags


def agent(arguments: Sequence[str]) -> int:
    """Run a node."""
    from knarr.cluster.hosts.agent import run_agent  # noqa: PLC0415
    from knarr.cluster.hosts.join import JoinOptions  # noqa: PLC0415
    from knarr.cluster.hosts.parts import AgentOptions  # noqa: PLC0415
    from knarr.daemon.clock import SystemClock  # noqa: PLC0415
    from knarr.daemon.logs import set_up_logs  # noqa: PLC0415
    from knarr.daemon.run import run_daemon  # noqa: PLC0415

    found = agent_flags().read(arguments)
    options = AgentOptions(
        join=JoinOptions(
            server=found.join,
            node=found.node_name,
            token=token_of(found),
            pins=found.discovery_token_ca_cert_hash,
            is_unsafe=found.discovery_token_unsafe_skip_ca_verification,
            lasts_s=int(found.certificate_duration) or None,
        ),
        state_dir=Path(found.state_dir),
        runtime=found.runtime,
        node_ip=found.node_ip,
        labels=found.node_labels,
        taints=found.register_with_taints,
        dns_port=found.dns_port,
        without=found.without,
        kubelet=_pairs(found.kubelet_arg, "--kubelet-arg"),
        proxy=_pairs(found.proxy_arg, "--proxy-arg"),
    )
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon("knarr agent", run_agent(options, SystemClock()))
    return 0


def token(arguments: Sequence[str]) -> int:
    """Make, list or delete tokens."""
    from knarr.cluster.hosts.tokens import token as run  # noqa: PLC0415

    return run(arguments)


def leave(arguments: Sequence[str]) -> int:
    """Take this host out of its cluster."""
    from knarr.cluster.hosts.leave import leave as run  # noqa: PLC0415

    return run(arguments)


def balance(arguments: Sequence[str]) -> int:
    """Lead clients that know one address to several servers."""
    from knarr.cluster.hosts.balance import balance_flags, run_balancer  # noqa: PLC0415
    from knarr.daemon.logs import set_up_logs  # noqa: PLC0415
    from knarr.daemon.run import run_daemon  # noqa: PLC0415

    flags = balance_flags()
    add_log_flags(flags)
    found = flags.read(arguments)
    set_up_logs(level=found.log_level, log_format=found.logging_format)
    run_daemon("knarr balance", run_balancer(found.listen, found.servers))
    return 0


def token_of(found: Namespace) -> str:
    """The token that flags say, itself or by a file. Raise SettingsError."""
    if not found.token_file:
        return str(found.token)
    try:
        return Path(found.token_file).read_text().strip()
    except OSError as error:
        raise SettingsError(f"--token-file {found.token_file}: {error.strerror}") from None


def _pairs(texts: Sequence[str], flag: str) -> Mapping[str, str]:
    pairs = {}
    for text in texts:
        name, equals, value = text.removeprefix("--").partition("=")
        if not equals:
            raise SettingsError(f"{flag}: {text!r} is not NAME=VALUE")
        pairs[name] = value
    return pairs
