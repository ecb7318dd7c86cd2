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
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import NameOID
from msgspec import Struct

from knarr.daemon.clock import Clock
from knarr.daemon.settings import SettingsError
from knarr.daemon.usages import extended_usages, key_usage

log = structlog.get_logger()

AUTHORITY_DAYS: Final = 3650
"""How long the authority is good: ten years, as kubeadm's."""

CERTIFICATE_LASTS: Final = timedelta(days=365)
"""How long a certificate is good."""

RENEW_SHARE: Final = 1 / 3
"""A certificate with less than this share of its life left is renewed: a cluster which was off
for months still starts."""

LOOK_EVERY_S: Final = 6 * 3600.0
"""How often `keep` looks whether something must be renewed, at least."""

LOOKS_MIN: Final = 24
"""So often it looks in the life of a certificate, however short."""


BACKDATED: Final = timedelta(minutes=5)
"""Certificates begin a little in the past, for the clocks of hosts differ."""

CLIENT_USAGES: Final = ("digital signature", "key encipherment", "client auth")
"""What every certificate of ours may be used for."""

_PRIVATE = 0o600
_PUBLIC = 0o644


class Wanted(Struct, frozen=True):
    """What a certificate is to say."""

    name: str
    """The common name: for a client the user's name."""
    groups: tuple[str, ...] = ()
    """The organizations: for a client the user's groups."""
    hosts: tuple[str, ...] = ()
    """Names and addresses a server is reached by; none for a client only."""


class Pair(Struct, frozen=True):
    """A certificate and its key, as files."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder: ca.crt and ca.key.

    ca.crt may hold several, while one replaces another: the first signs, all are believed.
    """

    def __init__(
        self,
        certificate: x509.Certificate,
        key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey,
        path: Path,
        clock: Clock,
        lasts: timedelta = CERTIFICATE_LASTS,
        others: Sequence[x509.Certificate] = (),
    ) -> None:
        self._certificate = certificate
        self._others = tuple(others)
        self._key = key
        self._clock = clock
        self._lasts = lasts
        self.path = path
        """The authority's certificate, to be given to all who are to believe it."""

    @classmethod
    def at(cls, folder: Path, clock: Clock, lasts: timedelta = CERTIFICATE_LASTS) -> "Authority":
        """The authority of a folder, made if there is none. Raise SettingsError if broken."""
        pair = Pair(folder / "ca.crt", folder / "ca.key")
        if not pair.certificate.exists():
            _make_authority(folder, pair, clock.now())
        return cls.of(pair, clock, lasts)

    @classmethod
    def of(cls, pair: Pair, clock: Clock, lasts: timedelta = CERTIFICATE_LASTS) -> "Authority":
        """The authority in two files. Raise SettingsError if they are not one."""
        where = f"certificate authority in {pair.certificate.parent}"
        try:
            certificate, *others = x509.load_pem_x509_certificates(pair.certificate.read_bytes())
            key = serialization.load_pem_private_key(pair.key.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise SettingsError(f"{where}: {error}") from None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise SettingsError(f"{where}: the key is neither an EC nor an RSA key")
        if key.public_key() != certificate.public_key():
            raise SettingsError(f"{where}: the key is not that of the certificate")
        return cls(certificate, key, pair.certificate, clock, lasts, others)

    @property
    def pem(self) -> bytes:
        """The certificate of the authority, and of others that are to be believed beside it."""
        known = (self._certificate, *self._others)
        return b"".join(one.public_bytes(serialization.Encoding.PEM) for one in known)

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
            await asyncio.sleep(look_every_s(self._lasts))

    def sign(
        self,
        request: x509.CertificateSigningRequest,
        *,
        lasts: timedelta = CERTIFICATE_LASTS,
        usages: Collection[str] = CLIENT_USAGES,
    ) -> bytes:
        """A certificate, in PEM, for a request whose approval is the caller's matter.

        No certificate is good for longer than the authority's own.
        """
        now = self._clock.now()
        lasts = min(lasts, self._certificate.not_valid_after_utc - now)
        builder = _builder(request.subject, request.public_key(), now, lasts)
        hosts = _hosts_asked(request)
        if hosts is not None:
            builder = builder.add_extension(hosts, critical=False)
        return self._signed(builder, usages)

    def _issue(self, pair: Pair, wanted: Wanted) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_subject(wanted), key.public_key(), self._clock.now(), self._lasts)
        if wanted.hosts:
            names = x509.SubjectAlternativeName([_host(host) for host in wanted.hosts])
            builder = builder.add_extension(names, critical=False)
        pair.certificate.parent.mkdir(parents=True, exist_ok=True)
        # A pair lost in a power cut is issued again.
        write_whole(pair.key, _key_pem(key), mode=_PRIVATE, is_durable=False)
        usages = (*CLIENT_USAGES, "server auth") if wanted.hosts else CLIENT_USAGES
        write_whole(pair.certificate, self._signed(builder, usages), is_durable=False)
        log.info("issued certificate", name=wanted.name, path=str(pair.certificate))

    def _signed(self, builder: x509.CertificateBuilder, usages: Collection[str]) -> bytes:
        authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = (
            builder.issuer_name(self._certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage(usages), critical=True)
            .add_extension(authority_key, critical=False)
        )
        extended = extended_usages(usages)
        if extended:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    def _is_good(self, pair: Pair, wanted: Wanted) -> bool:
        try:
            certificate = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
            key = serialization.load_pem_private_key(pair.key.read_bytes(), password=None)
            certificate.verify_directly_issued_by(self._certificate)
        except Exception as error:  # absent, cut off, of another authority: all the same
            log.debug("certificate not usable", path=str(pair.certificate), error=str(error))
            return False
        return (
            not is_due(certificate, self._clock.now())
            and certificate.subject == _subject(wanted)
            and set(_hosts_of(certificate)) == {_host(host) for host in wanted.hosts}
            and certificate.public_key() == key.public_key()
        )


def ensure_key(path: Path) -> Path:
    """A file with a private key, made if there is none."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, _key_pem(ec.generate_private_key(ec.SECP256R1())), mode=_PRIVATE)
    return path


def is_due(certificate: x509.Certificate, now: datetime) -> bool:
    """Whether a certificate is to be renewed."""
    return certificate.not_valid_after_utc - now < life_of(certificate) * RENEW_SHARE


def is_signed_by_first(certificate: x509.Certificate, authorities: bytes) -> bool:
    """Whether it is the first of some authorities that signed; the others are on their way out."""
    try:
        certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authorities))
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def life_of(certificate: x509.Certificate) -> timedelta:
    """For how long a certificate of ours was meant to be good when it was issued."""
    return certificate.not_valid_after_utc - certificate.not_valid_before_utc - BACKDATED


def look_every_s(lasts: timedelta) -> float:
    """How often to look after certificates that are good for so long."""
    return min(LOOK_EVERY_S, lasts.total_seconds() / LOOKS_MIN)


def write_whole(path: Path, data: bytes, *, mode: int = _PUBLIC, is_durable: bool = True) -> None:
    """Write a file so that nobody ever sees half of it, nor sees it with another mode.

    What is not durable may be empty after a power cut: for files that are made again then,
    as waiting for the disk is most of what writing them takes.
    """
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)
        file.write(data)
        if is_durable:
            file.flush()
            os.fsync(descriptor)
    half.replace(path)


def _make_authority(folder: Path, pair: Pair, now: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    certificate = (
        _builder(name, key.public_key(), now, timedelta(days=AUTHORITY_DAYS))
        .issuer_name(name)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(key_usage(("digital signature", "cert sign", "crl sign")), critical=True)
        .sign(key, hashes.SHA256())
    )
    # The certificate comes last: where it is, the key is.
    write_whole(pair.key, _key_pem(key), mode=_PRIVATE)
    write_whole(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def _builder(
    subject: x509.Name, key: CertificatePublicKeyTypes, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + lasts)
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


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _with(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)
