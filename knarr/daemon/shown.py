"""Certificates that servers and clients show, read anew when their files change.

    shown = Shown(certificate, key, authority)
    context = shown.https()               # each handshake shows the newest
    credentials = shown.grpc()            # the same for gRPC

Whoever renews a certificate replaces files; nobody need be told or started
anew. A handshake that falls between the replacing of the key and that of its
certificate is shown the pair before.
"""

import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from knarr.daemon.settings import SettingsError

if TYPE_CHECKING:
    import grpc

log = structlog.get_logger()


class Shown:
    """A certificate, its key, and perhaps the authority of those who are let in, as files."""

    def __init__(self, certificate: Path, key: Path, authority: Path | None = None) -> None:
        self._paths = (certificate, key) + ((authority,) if authority is not None else ())
        self._seen: tuple[object, ...] = ()
        self._read: tuple[bytes, ...] = ()

    def read(self) -> tuple[bytes, ...]:
        """Certificate, key and authority as they are now. Raise SettingsError at the start."""
        self.is_changed()
        return self._read

    def is_changed(self) -> bool:
        """Look at the files; True when there is something new to show."""
        try:
            seen = tuple(_state(path) for path in self._paths)
            if seen == self._seen:
                return False
            read = tuple(path.read_bytes() for path in self._paths)
            _check_fit(read[0], read[1])
        except (OSError, ValueError) as error:
            if not self._read:
                raise SettingsError(f"{self._paths[0]}: {error}") from None
            log.warning("certificate not read anew", path=str(self._paths[0]), error=str(error))
            return False
        self._seen, old, self._read = seen, self._read, read
        return read != old

    def https(self, adjust: Callable[[ssl.SSLContext], None] | None = None) -> ssl.SSLContext:
        """A context for a server of HTTPS; those with a certificate of the authority show it."""
        return _Https(self, adjust).outer

    def grpc(self, *, require: bool) -> "grpc.ServerCredentials":
        """Credentials for a server of gRPC; `require`: all must show a certificate."""
        import grpc  # noqa: PLC0415  Much memory, and not all who use this module need it.

        def configuration() -> Any:
            certificate, key, *authority = self.read()
            root = authority[0] if authority else None
            return grpc.ssl_server_certificate_configuration([(key, certificate)], root)

        def load() -> Any:
            return configuration() if self.is_changed() else None

        return grpc.dynamic_ssl_server_credentials(
            configuration(), load, require_client_authentication=require
        )


class _Https:
    """The context that listens, and the one of the newest files that answers in its place."""

    def __init__(
        self, shown: Shown, adjust: Callable[[ssl.SSLContext], None] | None = None
    ) -> None:
        self._shown = shown
        self._adjust = adjust
        shown.read()
        self.outer = self._newest = self._made()
        self.outer.sni_callback = self._choose

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _outer: object) -> None:
        """Called at the begin of each handshake."""
        if self._shown.is_changed():
            self._newest = self._made()
        if self._newest is not self.outer:
            connection.context = self._newest

    def _made(self) -> ssl.SSLContext:
        certificate, key, *authority = self._shown.read()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # Python's ssl reads certificates only from files; these are whole and of one moment.
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "pair.pem"
            file.touch(mode=0o600)
            file.write_bytes(key + b"\n" + certificate)
            context.load_cert_chain(file)
        if authority:
            context.load_verify_locations(cadata=authority[0].decode())
            context.verify_mode = ssl.CERT_OPTIONAL
        if self._adjust is not None:
            self._adjust(context)
        return context


def _state(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_mtime_ns, found.st_size


def _check_fit(certificate: bytes, key: bytes) -> None:
    """Raise ValueError unless the key is that of the certificate."""
    found = x509.load_pem_x509_certificate(certificate)
    private = serialization.load_pem_private_key(key, password=None)
    if found.public_key() != private.public_key():
        raise ValueError("the key is not that of the certificate")
