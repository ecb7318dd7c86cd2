"""How a host becomes a further server: it believes the cluster, then gets its keys."""

import base64

import structlog
from msgspec import Struct

from knarr.cluster.hosts.bundle import CONTENT, NAME, unlock, unpack
from knarr.cluster.hosts.discovery import discover, pin_of
from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.folder import ServerFolder
from knarr.cluster.hosts.rest import RefusedError, Rest, address, rest
from knarr.cluster.hosts.settings import CONFIG, servers_in
from knarr.cluster.hosts.skew import OWN_VERSION, check_skew
from knarr.daemon.certificates import Authority, Wanted, write_whole
from knarr.daemon.clock import Clock

log = structlog.get_logger()


class ServerJoin(Struct, frozen=True, kw_only=True):
    """What a further server is told of the cluster."""

    server: str
    token: str = ""
    pins: tuple[str, ...] = ()
    certificate_key: str = ""
    version: str = OWN_VERSION


async def join_server(options: ServerJoin, folder: ServerFolder, clock: Clock) -> None:
    """Make this host a server of the cluster, unless it is one. Raise JoinError."""
    if folder.known() is not None:
        own = pin_of((folder.pki / "ca.crt").read_bytes())
        if options.pins and own not in {pin.lower() for pin in options.pins}:
            raise JoinError(
                f"this host is a server of another cluster, whose authority has the hash {own}"
            )
        return
    _check_all_given(options)
    url = address(options.server)
    folder.begin_join(str(url))
    cluster = await discover(url, options.token, options.pins, clock)
    check_skew(options.version, cluster.version)
    async with rest(url, authority=cluster.authority, token=options.token) as server:
        bundle = unlock(await _locked_keys(server), options.certificate_key)
    if bundle.settings.store == "sqlite":
        raise JoinError(
            f"the cluster at {url} keeps its objects in SQLite on one host; only clusters with "
            "--store etcd://… or --cluster-init take further servers"
        )
    unpack(bundle, folder.pki)
    if bundle.settings.store == "managed":
        await _find_members(folder, str(url), clock)
    folder.become(bundle.settings)
    log.info("joined as a server", server=str(url))


def _check_all_given(options: ServerJoin) -> None:
    given = {
        "token": options.token,
        "certificate-key": options.certificate_key,
        "discovery-token-ca-cert-hash": options.pins,
    }
    for flag, value in given.items():
        if not value:
            raise JoinError(
                f"--{flag} is needed for a further server; `knarr token create --server` on "
                "a server prints all of it"
            )


async def _locked_keys(server: Rest) -> bytes:
    try:
        secret = await server.get(f"api/v1/namespaces/{NAME.namespace}/secrets/{NAME.name}")
    except RefusedError as error:
        raise JoinError(
            f"{server.url} gives us no keys ({error.message}): the token must be one for "
            "servers, `knarr token create --server` on a server makes one"
        ) from None
    return base64.b64decode((secret.get("data") or {}).get(CONTENT, ""))


async def _find_members(folder: ServerFolder, url: str, clock: Clock) -> None:
    """Note which servers run members of etcd."""
    authority = Authority.at(folder.pki, clock)
    pair = authority.ensure(
        folder.pki / "admin", Wanted("kubernetes-admin", groups=("system:masters",))
    )
    both = folder.pki / "admin.pem"
    write_whole(both, pair.certificate.read_bytes() + pair.key.read_bytes(), mode=0o600)
    async with rest(address(url), authority=authority.pem, pair=both) as server:
        config = await server.get(f"api/v1/namespaces/{CONFIG.namespace}/configmaps/{CONFIG.name}")
    both.unlink()
    places = servers_in(config.get("data") or {})
    folder.keep_etcd_others(tuple(place.etcd for place in places.values() if place.etcd))
