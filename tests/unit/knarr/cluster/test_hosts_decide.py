"""What hosts decide before they join: versions, addresses, hashes, locked keys."""

import base64
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from knarr.cluster.hosts.bundle import lock, new_key, pack, unlock, unpack
from knarr.cluster.hosts.discovery import pin_of
from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.folder import ServerFolder
from knarr.cluster.hosts.rest import address
from knarr.cluster.hosts.settings import (
    ClusterSettings,
    ServerPlace,
    entry_of,
    servers_in,
    settings_in,
)
from knarr.cluster.hosts.skew import check_skew
from knarr.daemon.certificates import Authority, ensure_key
from knarr.daemon.clock import SystemClock
from knarr.daemon.settings import SettingsError


@pytest.mark.parametrize(
    ("own", "server", "why"),
    [
        ("v1.36.0", "v1.36.4", ""),
        ("v1.36.4", "v1.36.0", ""),
        ("v1.35.9", "v1.36.0", ""),
        ("v1.34.0", "v1.36.0", "more than 1 minor version older"),
        ("v1.37.0", "v1.36.0", "newer than the server's"),
        ("v2.0.0", "v1.36.0", "newer than the server's"),
        ("v0.36.0", "v1.36.0", "older than the server's"),
        ("v1.36.0", "", "cannot be compared"),
    ],
)
def test_agents_are_as_old_as_their_server_or_one_minor_version_older(
    own: str, server: str, why: str
) -> None:
    if not why:
        check_skew(own, server)
        return
    with pytest.raises(JoinError, match=why):
        check_skew(own, server)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://10.0.0.5:6443", "https://10.0.0.5:6443"),
        ("https://h.example/", "https://h.example:6443"),
        ("h:7443", "https://h:7443"),
        ("[fd00::1]", "https://[fd00::1]:6443"),
    ],
)
def test_addresses_of_servers(text: str, wanted: str) -> None:
    assert str(address(text)).rstrip("/") == wanted


@pytest.mark.parametrize("text", ["http://h:6443", "ftp://h", "https://", "https://h:port"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(JoinError, match="is not an address"):
        address(text)


def test_an_authority_is_named_by_the_hash_of_its_key(tmp_path: Path) -> None:
    pem = Authority.at(tmp_path, SystemClock()).pem
    der = (
        x509.load_pem_x509_certificate(pem)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    assert pin_of(pem) == f"sha256:{sha256(der).hexdigest()}"


def test_keys_travel_locked(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, first / "etcd"):
        Authority.at(folder, SystemClock())
    ensure_key(first / "service-accounts.key")
    key = new_key()
    locked = lock(pack(first, ClusterSettings(store="managed")), key)
    assert b"PRIVATE KEY" not in locked
    assert base64.b64encode(b"PRIVATE KEY")[:12] not in locked
    found = unlock(locked, key)
    assert found.settings.store == "managed"
    unpack(found, second)
    for name in ("ca.crt", "ca.key", "etcd/ca.key", "service-accounts.key"):
        assert (second / name).read_bytes() == (first / name).read_bytes()
    assert (second / "ca.key").stat().st_mode & 0o777 == 0o600
    for wrong in (new_key(), "", "zz"):
        with pytest.raises(JoinError, match="--certificate-key"):
            unlock(locked, wrong)
    with pytest.raises(JoinError, match="--certificate-key"):
        unlock(locked[:-1] + b"x", key)


def test_settings_are_read_back() -> None:
    place = ServerPlace(rest="https://h:6443", grpc="h:6445")
    assert servers_in(entry_of("a", place) | {"settings": "{}"}) == {"a": place}
    assert settings_in({}) == ClusterSettings()


def test_a_cluster_keeps_its_settings(tmp_path: Path) -> None:
    folder, wanted = ServerFolder(tmp_path), ClusterSettings(cluster_cidr=("10.1.0.0/16",))
    assert folder.settings(wanted, frozenset({"cluster_cidr"}), is_joining=False) == wanted
    assert folder.settings(ClusterSettings(), frozenset(), is_joining=False) == wanted
    other = ClusterSettings(cluster_cidr=("10.2.0.0/16",))
    with pytest.raises(SettingsError, match="cannot become"):
        folder.settings(other, frozenset({"cluster_cidr"}), is_joining=False)


def test_who_began_to_join_makes_no_cluster(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path)
    folder.begin_join("https://h:6443")
    with pytest.raises(JoinError, match="began to join https://h:6443"):
        folder.settings(ClusterSettings(), frozenset(), is_joining=False)
    folder.become(ClusterSettings(store="managed"))
    found = folder.settings(ClusterSettings(), frozenset(), is_joining=False)
    assert found.store == "managed"
