"""The flags by which a daemon finds its API servers, says who it is and whether it leads."""

import asyncio
import os
import socket
from argparse import Namespace
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from knarr.client.client import Client
from knarr.client.connection import Credentials
from knarr.client.grpc import GrpcClient, connect
from knarr.client.leader import leadership
from knarr.daemon.clock import Clock, uid_source
from knarr.daemon.settings import Flags, SettingsError

log = structlog.get_logger()

LOOK_EVERY_S = 10.0
"""How often files with credentials are read: they are few, small and in the page cache."""


def add_client_flags(flags: Flags) -> None:
    """Declare what `client_of` reads; the names are those of kubectl and kubeconfig."""
    flags.flag(
        "server", default=("127.0.0.1:6444",), help="gRPC addresses of the API servers, HOST:PORT"
    )
    flags.flag(
        "server-file", default="", help="file with their addresses instead, read anew now and then"
    )
    flags.flag("certificate-authority", default="", help="file of the authority to believe")
    flags.flag("client-certificate", default="", help="file of our certificate")
    flags.flag("client-key", default="", help="file of the key of that certificate")
    flags.flag("token-file", default="", help="file of our bearer token")


def add_leader_flags(flags: Flags, *, lease: str) -> None:
    """Declare what `leading` reads."""
    flags.flag("leader-elect", default=True, help="work only while no other of this name does")
    flags.flag("leader-elect-resource-name", default=lease, help="name of the Lease")
    flags.flag("leader-elect-resource-namespace", default="kube-system", help="where it lies")


@asynccontextmanager
async def client_of(found: Namespace, *, program: str) -> AsyncIterator[GrpcClient]:
    """A client of the servers that the flags name. Raise SettingsError for unreadable files.

    A certificate or token that is renewed in its file is shown from then on.
    """
    async with (
        connect(servers_of(found), credentials_of(found), field_manager=program) as client,
        asyncio.TaskGroup() as group,
    ):
        keeping = group.create_task(_keep_credentials(found, client), name="credentials")
        try:
            yield client
        finally:
            keeping.cancel()


async def _keep_credentials(found: Namespace, client: GrpcClient) -> None:
    """Read the files anew until cancelled."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            credentials = credentials_of(found)
            await client.renew(credentials, servers_of(found))
        except SettingsError as error:
            log.warning("credentials not read anew", error=str(error))


def servers_of(found: Namespace) -> Sequence[str]:
    """The servers that the flags name, themselves or in a file. Raise SettingsError."""
    if not found.server_file:
        return tuple(found.server)
    try:
        listed = tuple(Path(found.server_file).read_text().split())
    except OSError as error:
        raise SettingsError(f"--server-file {found.server_file}: {error.strerror}") from None
    return listed or tuple(found.server)


def credentials_of(found: Namespace) -> Credentials:
    """What the flags say of who we are. Raise SettingsError for unreadable files."""
    try:
        return Credentials.from_files(
            authority=_path(found.certificate_authority),
            certificate=_path(found.client_certificate),
            key=_path(found.client_key),
            token=Path(found.token_file).read_text().strip() if found.token_file else "",
        )
    except OSError as error:
        raise SettingsError(f"{error.filename}: {error.strerror}") from None


@asynccontextmanager
async def leading(found: Namespace, client: Client, clock: Clock) -> AsyncIterator[None]:
    """Lead while the block runs, if the flags ask for that."""
    if not found.leader_elect:
        yield
        return
    identity = f"{socket.gethostname()}_{os.getpid()}_{uid_source()()}"
    async with leadership(
        client,
        found.leader_elect_resource_name,
        identity,
        clock,
        namespace=found.leader_elect_resource_namespace,
    ):
        yield


def _path(text: str) -> Path | None:
    return Path(text) if text else None
