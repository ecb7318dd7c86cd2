"""A member of etcd that a server runs itself.

A further member first joins as a learner, which counts for no quorum, and is
made a voter once it has all objects: a host that dies while it joins leaves
the cluster as it was.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import structlog
from msgspec import Struct

from apiserver.storage.etcd_client import EtcdClient, EtcdSettings
from apiserver.storage.etcd_messages import MESSAGES
from apiserver.storage.store import StoreError
from knarr.cluster.hosts.failure import JoinError
from knarr.daemon.certificates import Authority, Pair, Wanted, look_every_s
from knarr.daemon.child import Child, tied
from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

READY_S = 60.0
"""A member that does not answer by then has failed."""

ASK_EVERY_S = 0.2
STOP_S = 10.0
AGAIN_AFTER_S = 1.0

QUOTA_BYTES = 8 << 30
"""What etcd's authors recommend as the most."""


class EtcdMember(Struct, frozen=True, kw_only=True):
    """The member of this host."""

    name: str
    folder: Path
    pki: Path
    """Where the authority of etcd is, which is not the cluster's: whoever it believes may do
    everything."""
    address: str
    client_port: int
    peer_port: int

    @property
    def peer_url(self) -> str:
        """Where other members reach this one."""
        return f"https://{_host(self.address)}:{self.peer_port}"

    @property
    def endpoint(self) -> str:
        """Where the API server of this host reaches it."""
        return f"127.0.0.1:{self.client_port}"


class EtcdPlace(Struct, frozen=True, kw_only=True):
    """Where the objects are."""

    own: EtcdMember | None
    url: str
    """Of a store that is not ours to run."""
    others: tuple[str, ...]
    """HOST:PORT of the members of other servers."""
    clock: Clock
    lasts: timedelta


@asynccontextmanager
async def run_member(place: EtcdPlace) -> AsyncIterator[str]:
    """Run our member, if we have one, while the block runs; answer the URL of the store."""
    own = place.own
    if own is None:
        yield place.url
        return
    program = shutil.which("etcd")
    if program is None:
        raise SettingsError("--cluster-init: there is no program etcd; install it (etcd-server)")
    authority = Authority.at(own.pki, place.clock, place.lasts)
    certificates = (
        (
            own.pki / "member",
            Wanted("etcd", hosts=("127.0.0.1", "localhost", own.name, own.address)),
        ),
        (own.pki / "client", Wanted("knarr-apiserver")),
    )
    member, client = (authority.ensure(*one) for one in certificates)
    initial = f"{own.name}={own.peer_url}"
    made = own.folder.with_name("etcd.made")
    if not (own.folder / "member").exists():
        if made.exists():
            # A member without its data would be a new cluster, or a stranger to its own.
            raise SettingsError(
                f"the objects are gone from {own.folder}: restore a backup there, or `knarr leave "
                "--server --force` and join again as a further server"
            )
        if place.others:
            initial = await _add(own, client, place.others)
    command = _command(program, own, member, initial, is_new=not place.others)
    async with asyncio.TaskGroup() as group:
        running = [
            group.create_task(_keep(command, own.folder), name="etcd"),
            group.create_task(_renew(authority, certificates, place.lasts), name="etcd-pki"),
        ]
        await _ready(own, client, place.others)
        made.touch()
        endpoints = ",".join((own.endpoint, *place.others))
        yield (
            f"etcds://{endpoints}?ca={own.pki / 'ca.crt'}"
            f"&cert={client.certificate}&key={client.key}"
        )
        for task in running:
            task.cancel()


async def remove_member(own: EtcdMember, others: Sequence[str]) -> None:
    """Take our member out of the cluster for good, unless it is the only one."""
    client = Pair(own.pki / "client.crt", own.pki / "client.key")
    async with _client(own, client, (own.endpoint, *others)) as etcd:
        members = (await etcd.call("MemberList", MESSAGES["MemberList"]())).members
        for one in members:
            if own.peer_url in one.peer_urls and len(members) > 1:
                await etcd.call("MemberRemove", MESSAGES["MemberRemove"](id=one.id))


async def _add(own: EtcdMember, client: Pair, others: Sequence[str]) -> str:
    """Have the others know our member, if they do not yet; answer what it starts with."""
    try:
        async with _client(own, client, others) as etcd:
            members = (await etcd.call("MemberList", MESSAGES["MemberList"]())).members
            if not any(own.peer_url in one.peer_urls for one in members):
                if any(one.name == own.name for one in members):
                    raise JoinError(f"the name {own.name} is taken by another member of etcd")
                request = MESSAGES["MemberAdd"](peer_urls=[own.peer_url], is_learner=True)
                members = (await etcd.call("MemberAdd", request)).members
    except StoreError as error:
        raise JoinError(f"cannot join the store of the cluster: {error}") from None
    known = [
        f"{one.name}={one.peer_urls[0]}" for one in members if own.peer_url not in one.peer_urls
    ]
    return ",".join([*known, f"{own.name}={own.peer_url}"])


async def _ready(own: EtcdMember, client: Pair, others: Sequence[str]) -> None:
    """Wait until our member answers and votes."""
    try:
        async with asyncio.timeout(READY_S):
            while True:
                if await _votes(own, client, others):
                    return
                await asyncio.sleep(ASK_EVERY_S)
    except TimeoutError:
        raise SettingsError(
            f"the member of etcd was not ready in {READY_S:.0f} s; see {own.folder}.log"
        ) from None


async def _votes(own: EtcdMember, client: Pair, others: Sequence[str]) -> bool:
    with suppress(StoreError):
        async with _client(own, client, others or (own.endpoint,)) as etcd:
            members = (await etcd.call("MemberList", MESSAGES["MemberList"]())).members
            ours = next((one for one in members if own.peer_url in one.peer_urls), None)
            if ours is not None and ours.is_learner:
                # Refused as long as it has not all objects.
                await etcd.call("MemberPromote", MESSAGES["MemberPromote"](id=ours.id))
        async with _client(own, client, (own.endpoint,)) as etcd:
            await etcd.call("Range", MESSAGES["Range"](key=b"/", count_only=True))
            return True
    return False


@asynccontextmanager
async def _client(
    own: EtcdMember, client: Pair, endpoints: Sequence[str]
) -> AsyncIterator[EtcdClient]:
    made = EtcdClient(
        EtcdSettings(
            endpoints=tuple(endpoints),
            tls=True,
            ca=own.pki / "ca.crt",
            cert=client.certificate,
            key=client.key,
        )
    )
    try:
        yield made
    finally:
        await made.close()


def _command(program: str, own: EtcdMember, pair: Pair, initial: str, *, is_new: bool) -> list[str]:
    host, authority = _host(own.address), str(own.pki / "ca.crt")
    client_url = f"https://{host}:{own.client_port}"
    listen = client_url if own.address == "127.0.0.1" else f"{client_url},https://{own.endpoint}"
    flags = {
        "name": own.name,
        "data-dir": str(own.folder),
        "listen-client-urls": listen,
        "advertise-client-urls": client_url,
        "listen-peer-urls": own.peer_url,
        "initial-advertise-peer-urls": own.peer_url,
        "initial-cluster": initial,
        "initial-cluster-state": "new" if is_new else "existing",
        "initial-cluster-token": "knarr",
        "quota-backend-bytes": str(QUOTA_BYTES),
        "client-cert-auth": "true",
        "peer-client-cert-auth": "true",
        "logger": "zap",
        "log-level": "warn",
    }
    for prefix in ("", "peer-"):
        flags |= {
            f"{prefix}cert-file": str(pair.certificate),
            f"{prefix}key-file": str(pair.key),
            f"{prefix}trusted-ca-file": authority,
        }
    return [program, *(f"--{name}={value}" for name, value in flags.items())]


async def _keep(command: Sequence[str], folder: Path) -> None:
    """Run etcd, again and again, until cancelled; then end it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with folder.with_name(f"{folder.name}.log").open("ab") as out:
            child = Child.start_on(tied(command), out.fileno())
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            await child.end(within_s=STOP_S)
            raise
        log.warning("etcd ended", code=code, again_after_s=AGAIN_AFTER_S)
        await asyncio.sleep(AGAIN_AFTER_S)


async def _renew(
    authority: Authority, certificates: Sequence[tuple[Path, Wanted]], lasts: timedelta
) -> None:
    """Renew in time; etcd reads the files at each handshake."""
    while True:
        await asyncio.sleep(look_every_s(lasts))
        for stem, what in certificates:
            authority.ensure(stem, what)


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address
