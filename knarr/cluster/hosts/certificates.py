"""What a node shows: asked for with a request, kept in one file each, renewed in time.

A key waits in `NAME.new` until its certificate is there, so that whoever is
interrupted asks again with the same key and finds the same request. Key and
certificate lie in one file: nobody ever sees the one without the other.
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from msgspec import Struct

from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.rest import RefusedError, Rest, patiently
from knarr.daemon.certificates import (
    ensure_key,
    is_due,
    is_signed_by_first,
    life_of,
    look_every_s,
    write_whole,
)
from knarr.daemon.clock import Clock

log = structlog.get_logger()

REQUESTS = "apis/certificates.k8s.io/v1/certificatesigningrequests"

ISSUED_S = 60.0
"""A request that nobody decided about by then ends a join; it can be done again."""

SLOW_S = 5.0
"""After so long it is said that somebody must approve."""

ASK_EVERY_S = 0.3

OBTAINED_S = 0.5
"""A fresh certificate is left alone for so long, however soon it is due."""

LOOK_EVERY_S = 60.0
"""How often it is looked whether another authority signs, at least."""

AGAIN_S = 30.0
"""When a renewal that failed is tried again, at most."""

Connect = Callable[[], AbstractAsyncContextManager[Rest]]
"""Opens a connection to the server as whoever may ask."""


class RejectedError(JoinError):
    """Somebody decided that there will be no certificate."""


class Wish(Struct, frozen=True):
    """A certificate that a node wants to have."""

    file: Path
    name: str
    """The common name."""
    signer: str
    usages: tuple[str, ...]
    host: str = ""
    """The name that servers are reached by; empty for clients."""
    lasts_s: int | None = None
    """How long it shall be good; as long as the cluster says when None."""

    @property
    def pending(self) -> Path:
        """Where the key waits."""
        return self.file.with_name(f"{self.file.name}.new")


def client_wish(folder: Path, node: str, lasts_s: int | None = None) -> Wish:
    """By this the node is known to API servers."""
    return Wish(
        file=folder / "client.pem",
        name=f"system:node:{node}",
        signer="kubernetes.io/kube-apiserver-client-kubelet",
        usages=("digital signature", "client auth"),
        lasts_s=lasts_s,
    )


def serving_wish(folder: Path, node: str, lasts_s: int | None = None) -> Wish:
    """By this API servers know the node when they ask it something."""
    return Wish(
        file=folder / "serving.pem",
        name=f"system:node:{node}",
        signer="kubernetes.io/kubelet-serving",
        usages=("digital signature", "server auth"),
        host=node,
        lasts_s=lasts_s,
    )


def certificate_in(file: Path) -> x509.Certificate | None:
    """The certificate in a file, None when there is none that can be read."""
    try:
        return x509.load_pem_x509_certificate(file.read_bytes())
    except (OSError, ValueError):
        return None


async def obtain(server: Rest, wish: Wish) -> None:
    """Ask for a certificate, wait for it, and keep it. Raise JoinError."""
    key_pem = ensure_key(wish.pending).read_bytes()
    request = _request(wish, key_pem)
    name = await _ask(server, wish, request)
    try:
        certificate = await _issued(server, name)
    except RejectedError:
        # Asking again with this key would find the same answer.
        wish.pending.unlink(missing_ok=True)
        raise
    write_whole(wish.file, certificate + key_pem, mode=0o600)
    wish.pending.unlink(missing_ok=True)
    log.info("got a certificate", name=wish.name, file=str(wish.file))


async def renew(connect: Connect, wish: Wish, clock: Clock, authority: Path) -> None:
    """Keep a certificate good until cancelled, and one of the authority that signs now."""
    while True:
        certificate = certificate_in(wish.file)
        is_good = certificate is not None and not is_due(certificate, clock.now())
        if is_good and _is_signed_as_now(wish, authority):
            assert certificate is not None, "a good one is there"
            await asyncio.sleep(min(look_every_s(life_of(certificate)), LOOK_EVERY_S))
            continue
        try:
            async with connect() as server:
                await obtain(server, wish)
            # Some server may still sign as before; that is asked for again, but not at once.
            is_new = _is_signed_as_now(wish, authority)
            await asyncio.sleep(OBTAINED_S if is_new else LOOK_EVERY_S)
        except JoinError as error:
            log.warning("certificate not renewed yet", file=str(wish.file), error=str(error))
            await asyncio.sleep(_again_s(certificate, clock))


def _is_signed_as_now(wish: Wish, authority: Path) -> bool:
    """Whether the authority that signs now has signed what there is."""
    certificate = certificate_in(wish.file)
    return certificate is not None and is_signed_by_first(certificate, authority.read_bytes())


def _again_s(certificate: x509.Certificate | None, clock: Clock) -> float:
    if certificate is None:
        return AGAIN_S
    left = certificate.not_valid_after_utc - clock.now()
    return max(min(AGAIN_S, left / timedelta(seconds=10)), 0.5)


def _request(wish: Wish, key_pem: bytes) -> bytes:
    key = serialization.load_pem_private_key(key_pem, password=None)
    assert isinstance(key, ec.EllipticCurvePrivateKey), "ensure_key makes such keys"
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, wish.name),
        ]
    )
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    if wish.host:
        names = x509.SubjectAlternativeName([x509.DNSName(wish.host)])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


async def _ask(server: Rest, wish: Wish, request: bytes) -> str:
    """Make the request, or find the one made before; its name comes from the key."""
    key = serialization.load_pem_private_key(wish.pending.read_bytes(), password=None)
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    name = f"node-csr-{sha256(public + wish.signer.encode()).hexdigest()[:40]}"
    spec: dict[str, Any] = {
        "request": base64.b64encode(request).decode(),
        "signerName": wish.signer,
        "usages": list(wish.usages),
    }
    if wish.lasts_s is not None:
        spec["expirationSeconds"] = wish.lasts_s
    body = {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": spec,
    }
    try:
        await server.post(REQUESTS, body)
    except RefusedError as error:
        if error.code != 409:
            raise JoinError(f"{server.url} takes no request from us: {error.message}") from None
    return name


async def _issued(server: Rest, name: str) -> bytes:
    """Wait for the certificate. Raise JoinError when there will be none."""
    loop = asyncio.get_running_loop()
    began, is_told = loop.time(), False
    async for request in _looks(server, name):
        status = request.get("status") or {}
        if status.get("certificate"):
            return base64.b64decode(status["certificate"])
        for condition in status.get("conditions") or []:
            if condition.get("type") in ("Denied", "Failed"):
                verb = condition["type"].lower()
                raise RejectedError(
                    f"the request {name} was {verb}: {condition.get('message', '')}"
                )
        if loop.time() - began > SLOW_S and not is_told:
            log.warning("waiting for approval", help=f"knarr certificate approve {name}")
            is_told = True
        if loop.time() - began > ISSUED_S:
            raise JoinError(
                f"nobody signed the request {name} in {ISSUED_S:.0f} s; approve it with "
                f"`knarr certificate approve {name}` and join again"
            )
    raise AssertionError("looking never ends by itself")


async def _looks(server: Rest, name: str) -> AsyncIterator[dict[str, Any]]:
    while True:
        try:
            yield await server.get(f"{REQUESTS}/{name}")
        except RefusedError as error:
            raise JoinError(f"the request {name} cannot be read: {error.message}") from None
        await patiently(ASK_EVERY_S)
