"""The cluster's own certificate authority, and the certificates it issues.

    authority = Authority.at(folder, clock)
    server = authority.ensure(folder / "apiserver", Wanted("knarr-apiserver", hosts=("127.0.0.1",)))
    client = authority.ensure(folder / "admin", Wanted("admin", groups=("system:masters",)))

`ensure` answers a pair of files, the one that is there as long as it is good
for some time to come and says what is wanted. `keep` renews them while the
daemon runs; whoever serves with them reads the files anew. Keys are readable
by their owner only, and a file is there whole or not at all.
"""

import asyncio
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError

log = structlog.get_logger()

AUTHORITY_DAYS: Final = 3650
"""How long the authority is good: ten years, as kubeadm's."""

CERTIFICATE_DAYS: Final = 365
"""How long a certificate is good."""

RENEW_DAYS: Final = 120
"""A certificate with fewer days left is renewed: a third of its life, so that a cluster which
was off for months still starts."""

LOOK_EVERY_S: Final = 6 * 3600.0
"""How often `keep` looks whether something must be renewed."""

BACKDATED: Final = timedelta(minutes=5)
"""Certificates begin a little in the past, for the clocks of hosts differ."""

_PRIVATE = 0o600
_PUBLIC = 0o644


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a certificate is to say."""

    name: str
    """The common name: for a client the user's name."""
    groups: tuple[str, ...] = ()
    """The organizations: for a client the user's groups."""
    hosts: tuple[str, ...] = ()
    """Names and addresses a server is reached by; none for a client only."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder: ca.crt and ca.key."""

    def __init__(
        self,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey,
        path: Path,
        clock: Clock,
    ) -> None:
        self._certificate = certificate
        self._key = key
        self._clock = clock
        self.path = path
        """The authority's certificate, to be given to all who are to believe it."""

    @classmethod
    def at(cls, folder: Path, clock: Clock) -> "Authority":
        """The authority of a folder, made if there is none. Raise SettingsError if broken."""
        pair = Pair(folder / "ca.crt", folder / "ca.key")
        if not pair.certificate.exists():
            _make_authority(folder, pair, clock.now())
        try:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            key = serialization.load_pem_private_key(pair.key.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise SettingsError(f"certificate authority in {folder}: {error}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SettingsError(f"certificate authority in {folder}: the key is not an EC key")
        return cls(certificate, key, pair.certificate, clock)

    @property
    def pem(self) -> bytes:
        """The authority's certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM)

    def ensure(self, stem: Path, wanted: Wanted) -> Pair:
        """The pair `stem`.crt and `stem`.key, issued when it is absent, old or says otherwise."""
        pair = Pair(_with(stem, ".crt"), _with(stem, ".key"))
        if not self._is_good(pair, wanted):
            self._issue(pair, wanted)
        return pair

    async def keep(self, wanted: Sequence[tuple[Path, Wanted]]) -> None:
        """Renew certificates before they expire, until cancelled."""
        while True:
            for stem, what in wanted:
                self.ensure(stem, what)
            await asyncio.sleep(LOOK_EVERY_S)

    def sign(
        self, request: x509.CertificateSigningRequest, *, days: int = CERTIFICATE_DAYS
    ) -> bytes:
        """A client and server certificate for a request whose approval is the caller's matter."""
        builder = _builder(request.subject, request.public_key(), self._clock.now(), days)
        hosts = _hosts_asked(request)
        if hosts is not None:
            builder = builder.add_extension(hosts, critical=False)
        return self._signed(builder, is_server=hosts is not None)

    def _issue(self, pair: Pair, wanted: Wanted) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(wanted), key.public_key(), self._clock.now(), CERTIFICATE_DAYS)
        if wanted.hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in wanted.hosts])
            builder = builder.add_extension(names, critical=False)
        pair.certificate.parent.mkdir(parents=True, exist_ok=True)
        write_whole(pair.key, _key_pem(key), mode=_PRIVATE)
        write_whole(pair.certificate, self._signed(builder, is_server=bool(wanted.hosts)))
        log.info("issued certificate", name=wanted.name, path=str(pair.certificate))

    def _signed(self, builder: x509.CertificateBuilder, *, is_server: bool) -> bytes:
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        if is_server:
            usages.insert(0, ExtendedKeyUsageOID.SERVER_AUTH)
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (
            builder.issuer_name(self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(authority_key, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM)

    def _is_good(self, pair: Pair, wanted: Wanted) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            key = serialization.load_pem_private_key(pair.key.read_bytes(), password=None)
            certificate.verify_directly_issued_by(self._certificate)
        except Exception as error:  # absent, cut off, of another authority: all the same
            log.debug("certificate not usable", path=str(pair.certificate), error=str(error))
            return False
        left = certificate.not_valid_after_utc - self._clock.now()
        return (
            left > timedelta(days=RENEW_DAYS)
            and certificate.subject == _subject(wanted)
            and set(_hosts_of(certificate)) == {_host(host) for host in wanted.hosts}
            and certificate.public_key() == key.public_key()
        )


def write_whole(path: Path, data: bytes, *, mode: int = _PUBLIC) -> None:
    """Write a file so that nobody ever sees half of it, nor sees it with another mode."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
    half.replace(path)


def _make_authority(folder: Path, pair: Pair, now: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    certificate = (
        _builder(name, key.public_key(), now, AUTHORITY_DAYS)
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_key_usage(is_authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    # The certificate comes last: where it is, the key is.
    write_whole(pair.key, _key_pem(key), mode=_PRIVATE)
    write_whole(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, key: CertificatePublicKeyTypes, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _subject(wanted: Wanted) -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in wanted.groups]
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, wanted.name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hosts_of(certificate: x509.Certificate) -> Sequence[x509.GeneralName]:
    try:
        return tuple(
            certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        )
    except x509.ExtensionNotFound:
        return ()


def _hosts_asked(
    request: x509.CertificateSigningRequest,
) -> x509.SubjectAlternativeName | None:
    try:
        return request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def _key_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _with(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)
