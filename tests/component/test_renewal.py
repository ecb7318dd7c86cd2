"""Certificates that are renewed while daemons run, over real sockets."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from apiserver.nodes.credentials import KubeletCredentials
from apiserver.server import Options, Server, serve
from knarr.api.core.namespace import Namespace
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.connection import Credentials
from knarr.client.grpc import connect
from knarr.daemon.certificates import Authority, Pair, Wanted
from knarr.daemon.clock import SystemClock
from knarr.daemon.settings import SettingsError
from knarr.daemon.shown import Shown

SERVER = Wanted("knarr-apiserver", hosts=("127.0.0.1",))
ADMIN = Wanted("admin", groups=("system:masters",))


@dataclass
class Place:
    """A server whose certificates are in a folder."""

    folder: Path
    authority: Authority
    server: Server

    def renew(self) -> None:
        """What Authority.keep does when the time has come."""
        later = Authority.at(self.folder, SystemClock(), timedelta(days=9))
        for suffix in (".crt", ".key"):
            (self.folder / f"apiserver{suffix}").unlink()
        later.ensure(self.folder / "apiserver", SERVER)


@asynccontextmanager
async def place(folder: Path) -> AsyncIterator[Place]:
    authority = Authority.at(folder, SystemClock())
    pair = authority.ensure(folder / "apiserver", SERVER)
    options = Options(
        secure_port=0,
        grpc_port=0,
        grpc_certificate_port=0,
        client_ca_file=str(authority.path),
        tls_cert_file=str(pair.certificate),
        tls_private_key_file=str(pair.key),
    )
    async with serve(options) as server:
        yield Place(folder, authority, server)


async def shown_at(port: int) -> bytes:
    pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", port), timeout=5)
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256())


async def test_every_port_shows_the_renewed_certificate(tmp_path: Path) -> None:
    async with place(tmp_path) as found:
        ports = [found.server.address[1], found.server.grpc_port]
        before = [await shown_at(port) for port in ports]
        found.renew()
        after = [await shown_at(port) for port in ports]
        assert before[0] == before[1]
        assert after[0] == after[1]
        assert before[0] != after[0]


async def test_clients_are_whom_their_certificate_names_and_may_change_it(tmp_path: Path) -> None:
    async with place(tmp_path) as found:
        admin = found.authority.ensure(tmp_path / "admin", ADMIN)
        nobody = found.authority.ensure(tmp_path / "nobody", Wanted("nobody"))
        server = f"127.0.0.1:{found.server.grpc_certificate_port}"
        async with connect((server,), credentials(found, nobody)) as client:
            with pytest.raises(ApiError, match='User "nobody" cannot get resource'):
                await client.get(Namespace, Key("", "default"))
            await client.renew(credentials(found, admin))
            assert (await client.get(Namespace, Key("", "default"))).metadata.name == "default"
        async with connect((server,), Credentials(authority=found.authority.pem)) as client:
            with pytest.raises(ApiError):
                await client.get(Namespace, Key("", "default"))


def credentials(found: Place, pair: Pair) -> Credentials:
    return Credentials.from_files(
        authority=found.authority.path, certificate=pair.certificate, key=pair.key
    )


async def test_what_is_shown_to_kubelets_is_read_anew(tmp_path: Path) -> None:
    authority = Authority.at(tmp_path, SystemClock())
    pair = authority.ensure(tmp_path / "client", ADMIN)
    files = (str(pair.certificate), str(pair.key), str(authority.path))
    kubelets = KubeletCredentials(*files)
    first, is_new = kubelets.current()
    assert isinstance(first, grpc.ChannelCredentials)
    assert not is_new
    authority.ensure(tmp_path / "client", Wanted("other"))
    assert kubelets.current()[1], "once"
    assert not kubelets.current()[1]


def test_a_pair_half_written_is_not_shown(tmp_path: Path) -> None:
    authority = Authority.at(tmp_path, SystemClock())
    pair = authority.ensure(tmp_path / "a", SERVER)
    other = authority.ensure(tmp_path / "b", SERVER)
    shown = Shown(pair.certificate, pair.key)
    before = shown.read()
    pair.key.write_bytes(other.key.read_bytes())
    assert not shown.is_changed()
    assert shown.read() == before
    pair.certificate.write_bytes(other.certificate.read_bytes())
    assert shown.is_changed()
    (tmp_path / "none").touch()
    with pytest.raises(SettingsError, match="none"):
        Shown(tmp_path / "none", pair.key).read()
