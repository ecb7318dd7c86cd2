"""The cluster's certificates: reused, renewed, kept private."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from knarr.daemon.certificates import Authority, Wanted
from knarr.daemon.settings import SettingsError


class SetClock:
    def __init__(self) -> None:
        self.moment = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


SERVER = Wanted("knarr-apiserver", hosts=("127.0.0.1", "localhost"))
ADMIN = Wanted("admin", groups=("system:masters",))


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_good_certificate_is_used_again(tmp_path: Path) -> None:
    clock = SetClock()
    pair = Authority.at(tmp_path, clock).ensure(tmp_path / "server", SERVER)
    first = pair.certificate.read_bytes()
    clock.moment += timedelta(days=200)
    again = Authority.at(tmp_path, clock).ensure(tmp_path / "server", SERVER)
    assert again.certificate.read_bytes() == first


def test_an_old_certificate_is_renewed(tmp_path: Path) -> None:
    clock = SetClock()
    authority = Authority.at(tmp_path, clock)
    pair = authority.ensure(tmp_path / "server", SERVER)
    clock.moment += timedelta(days=300)
    authority.ensure(tmp_path / "server", SERVER)
    assert load(pair.certificate).not_valid_after_utc > clock.moment + timedelta(days=300)


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(Wanted("knarr-apiserver", hosts=("127.0.0.1",)), id="another host"),
        pytest.param(Wanted("other", hosts=SERVER.hosts), id="another name"),
        pytest.param(Wanted("knarr-apiserver", ("g",), SERVER.hosts), id="another group"),
    ],
)
def test_a_certificate_that_says_otherwise_is_issued_anew(tmp_path: Path, wanted: Wanted) -> None:
    authority = Authority.at(tmp_path, SetClock())
    first = authority.ensure(tmp_path / "server", SERVER).certificate.read_bytes()
    assert authority.ensure(tmp_path / "server", wanted).certificate.read_bytes() != first


def test_a_broken_file_is_replaced(tmp_path: Path) -> None:
    authority = Authority.at(tmp_path, SetClock())
    pair = authority.ensure(tmp_path / "server", SERVER)
    pair.certificate.write_bytes(b"-----BEGIN CERT")
    authority.ensure(tmp_path / "server", SERVER)
    assert load(pair.certificate).issuer == load(authority.path).subject


def test_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    authority = Authority.at(tmp_path, SetClock())
    pair = authority.ensure(tmp_path / "admin", ADMIN)
    for key in (pair.key, tmp_path / "ca.key"):
        assert key.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "admin.crt",
        "admin.key",
        "ca.crt",
        "ca.key",
    ]


def test_a_client_is_named_as_kubernetes_reads_it(tmp_path: Path) -> None:
    pair = Authority.at(tmp_path, SetClock()).ensure(tmp_path / "admin", ADMIN)
    subject = load(pair.certificate).subject
    assert subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "admin"
    assert subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value == "system:masters"


def test_tls_takes_the_pair(tmp_path: Path) -> None:
    pair = Authority.at(tmp_path, SetClock()).ensure(tmp_path / "server", SERVER)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.load_verify_locations(tmp_path / "ca.crt")
    assert context.get_ca_certs()[0]["subject"] == ((("commonName", "kubernetes"),),)


def test_a_lost_authority_key_is_one_clear_line(tmp_path: Path) -> None:
    Authority.at(tmp_path, SetClock())
    (tmp_path / "ca.key").unlink()
    with pytest.raises(SettingsError, match="certificate authority in"):
        Authority.at(tmp_path, SetClock())
