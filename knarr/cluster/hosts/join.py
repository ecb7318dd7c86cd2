"""The steps by which a host becomes a node; each may be interrupted and all of them done again.

    1. believe the cluster        ca.crt
    2. see that the name is free
    3. get a certificate          client.pem
    4. note that it is done       agent.json

A host with `agent.json` and a good certificate is a node: it needs no token.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import structlog
from msgspec import Struct
from msgspec import json as msgjson

from knarr.cluster.hosts.certificates import certificate_in, client_wish, obtain
from knarr.cluster.hosts.discovery import discover, pin_of, pins_of
from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.rest import RefusedError, Rest, address, rest
from knarr.cluster.hosts.skew import OWN_VERSION, check_skew
from knarr.daemon.certificates import write_whole
from knarr.daemon.clock import Clock

log = structlog.get_logger()


class JoinOptions(Struct, frozen=True, kw_only=True):
    """What a host is told of the cluster it is to join."""

    server: str
    node: str
    token: str = ""
    pins: tuple[str, ...] = ()
    is_unsafe: bool = False
    """Whether any authority is believed that the token's signature vouches for."""
    lasts_s: int | None = None
    """How long certificates shall be good; as long as the cluster says when None."""
    version: str = OWN_VERSION


class Membership(Struct, frozen=True, kw_only=True):
    """What a node remembers."""

    server: str
    """The address of the API server it joined by."""
    grpc: str
    """The address of that server for nodes."""
    node: str


class AgentFolder:
    """The state of a node: what it shows, and of which cluster it is."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.authority = path / "ca.crt"
        self.client = path / "client.pem"
        self.serving = path / "serving.pem"
        self.settings = path / "cluster.json"
        self.servers = path / "servers"

    def membership(self) -> Membership | None:
        """Of which cluster this host is a node, None when it is of none."""
        try:
            return msgjson.decode((self.path / "agent.json").read_bytes(), type=Membership)
        except (OSError, ValueError):
            return None

    def remember(self, membership: Membership) -> None:
        """Note that this host is a node."""
        write_whole(self.path / "agent.json", msgjson.encode(membership))

    def keep_flags_of_parts(self, flags: Mapping[str, Sequence[str]]) -> None:
        """Note how each part runs here, for whoever cleans up after them."""
        write_whole(self.path / "parts.json", msgjson.encode(flags))

    def flags_of_parts(self) -> dict[str, list[str]]:
        """How each part ran here, by its name."""
        try:
            found = (self.path / "parts.json").read_bytes()
            return msgjson.decode(found, type=dict[str, list[str]])
        except (OSError, ValueError):
            return {}

    def cluster_settings(self) -> dict[str, str]:
        """What was last known of the cluster's settings."""
        try:
            found = json.loads(self.settings.read_text())
        except (OSError, ValueError):
            return {}
        return {str(key): str(value) for key, value in found.items()}


async def join(options: JoinOptions, folder: AgentFolder, clock: Clock) -> Membership:
    """Make this host a node, unless it is one. Raise JoinError."""
    known = folder.membership()
    if known is not None and _is_node(known, options, folder, clock.now()):
        return known
    if not options.server:
        raise JoinError("this host is no node yet: --join and --token say which cluster it joins")
    if not options.token:
        raise JoinError("--token is needed to join; `knarr token create` on a server makes one")
    if not options.pins and not options.is_unsafe:
        raise JoinError(
            "--discovery-token-ca-cert-hash is needed, or any cluster would be believed; "
            "`knarr token create` prints it"
        )
    url = address(options.server)
    cluster = await discover(url, options.token, options.pins, clock)
    check_skew(options.version, cluster.version)
    if not cluster.grpc:
        raise JoinError(f"{url} takes no nodes: it says no gRPC address for them")
    _keep_authority(folder, cluster.authority)
    async with rest(url, authority=cluster.authority, token=options.token) as server:
        await _check_name(server, options.node)
        await obtain(server, client_wish(folder.path, options.node, options.lasts_s))
    made = Membership(server=str(url), grpc=cluster.grpc, node=options.node)
    folder.remember(made)
    log.info("joined", server=made.server, node=made.node)
    return made


def _is_node(known: Membership, options: JoinOptions, folder: AgentFolder, now: datetime) -> bool:
    if options.node != known.node:
        raise JoinError(
            f"this host is the node {known.node} already; `knarr leave` before it can be another"
        )
    if options.pins and folder.authority.exists():
        believed = folder.authority.read_bytes()
        if not pins_of(believed) & {pin.lower() for pin in options.pins}:
            raise JoinError(_other_cluster(pin_of(believed)))
    certificate = certificate_in(folder.client)
    if certificate is None:
        return False
    if certificate.not_valid_after_utc > now:
        return True
    if not options.token:
        raise JoinError(
            f"the certificate of this node expired at {certificate.not_valid_after_utc}; "
            "join again with a new token: `knarr token create` on a server makes one"
        )
    return False


def _keep_authority(folder: AgentFolder, authority: bytes) -> None:
    folder.path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.authority.exists():
        believed = folder.authority.read_bytes()
        if not pins_of(believed) & pins_of(authority):
            raise JoinError(_other_cluster(pin_of(believed)))
    write_whole(folder.authority, authority)


def _other_cluster(own: str) -> str:
    return (
        f"this host belongs to another cluster, whose authority has the hash {own}; "
        "`knarr leave` before it can join this one"
    )


async def _check_name(server: Rest, node: str) -> None:
    """Raise JoinError when another host of this name is at work."""
    try:
        found = await server.get(f"api/v1/nodes/{node}")
    except RefusedError as error:
        if error.code in (403, 404):
            return
        if error.code == 401:
            raise JoinError(
                f"the cluster at {server.url} does not believe the token, or it has expired by "
                "now: `knarr token create` on a server makes another"
            ) from None
        raise JoinError(f"{server.url}: {error.message}") from None
    conditions = (found.get("status") or {}).get("conditions") or []
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        raise JoinError(
            f"the name {node} is taken: a node of that name is at work; "
            "choose another with --node-name, or delete that node first"
        )
