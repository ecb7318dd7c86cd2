"""How a host comes to believe a cluster, knowing no more than a token and a hash.

The server says, to whoever asks, where it is and which authority it has: the
ConfigMap `cluster-info` in kube-public, signed with the tokens there are. The
host believes it when its own token signed it and the authority is the one
whose hash it was given. From then on only that authority counts.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from msgspec import Struct
from yarl import URL

from knarr.api.core.bootstrap_token import TOKEN
from knarr.cluster.hosts.failure import JoinError
from knarr.cluster.hosts.rest import RefusedError, Rest, rest
from knarr.cluster.kubeconfig import GRPC_EXTENSION
from knarr.daemon.clock import Clock
from knarr.daemon.detached import is_signed

INFO = "api/v1/namespaces/kube-public/configmaps/cluster-info"

CLOCKS_APART_MAX = timedelta(minutes=5)
"""Certificates begin five minutes in the past; with clocks further apart they are not good yet."""


class Cluster(Struct, frozen=True):
    """What a host knows of the cluster it joins."""

    authority: bytes
    """The authority's certificate, in PEM."""
    grpc: str
    """HOST:PORT of the gRPC API for hosts with certificates."""
    version: str
    """The server's version of the API."""


def pin_of(authority: bytes) -> str:
    """The hash by which an authority is named: of its public key, as kubeadm has it."""
    certificate = x509.load_pem_x509_certificate(authority)
    key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return f"sha256:{sha256(key).hexdigest()}"


def pins_of(authorities: bytes) -> set[str]:
    """The hashes of all authorities that are believed."""
    known = x509.load_pem_x509_certificates(authorities)
    return {pin_of(one.public_bytes(serialization.Encoding.PEM)) for one in known}


async def discover(url: URL, token: str, pins: Sequence[str], clock: Clock) -> Cluster:
    """Find out about the cluster at an address, and whether to believe it. Raise JoinError."""
    if TOKEN.fullmatch(token) is None:
        raise JoinError("--token: not of the form abcdef.0123456789abcdef")
    _check_pins(pins)
    async with rest(url) as anybody:
        info = await _info(anybody)
        _check_clocks(anybody, clock.now())
    authority, grpc = _read(url, info, token)
    if pins and pin_of(authority) not in {pin.lower() for pin in pins}:
        raise JoinError(
            f"the authority of the cluster at {url} has the hash {pin_of(authority)}, which is "
            "not the one given: this is another cluster, or somebody stands in between"
        )
    async with rest(url, authority=authority) as believed:
        version = await believed.get("version")
    return Cluster(authority, grpc, str(version.get("gitVersion", "")))


def _check_pins(pins: Sequence[str]) -> None:
    for pin in pins:
        kind, _, digest = pin.partition(":")
        if kind.lower() != "sha256" or len(digest) != 64:
            raise JoinError(
                f"--discovery-token-ca-cert-hash: {pin!r} is not sha256: and 64 hexadecimal digits"
            )


async def _info(anybody: Rest) -> dict[str, str]:
    try:
        found = await anybody.get(INFO)
    except RefusedError as error:
        raise JoinError(
            f"{anybody.url} does not say which cluster it is ({error.message}): "
            "hosts join what `knarr server` runs"
        ) from None
    data = found.get("data")
    return data if isinstance(data, dict) else {}


def _check_clocks(server: Rest, now: datetime) -> None:
    if server.date is None:
        return
    apart = now - server.date
    if abs(apart) > CLOCKS_APART_MAX:
        where = "ahead of" if apart > timedelta(0) else "behind"
        raise JoinError(
            f"this host's clock is {abs(apart).total_seconds():.0f} s {where} the server's: "
            "certificates would not be good here; set the clock"
        )


def _read(url: URL, info: dict[str, str], token: str) -> tuple[bytes, str]:
    token_id, _, token_secret = token.partition(".")
    content, signature = info.get("kubeconfig", ""), info.get(f"jws-kubeconfig-{token_id}", "")
    if not signature:
        raise JoinError(
            f"the cluster at {url} knows no token {token_id}, or it has expired: "
            "`knarr token create` on a server makes another"
        )
    if not is_signed(content, signature, token_id, token_secret):
        raise JoinError(
            f"the second half of the token {token_id} is wrong, "
            f"or the cluster at {url} is not the one that made it"
        )
    try:
        cluster = yaml.safe_load(content)["clusters"][0]["cluster"]
        authority = base64.b64decode(cluster["certificate-authority-data"])
        x509.load_pem_x509_certificate(authority)
    except (yaml.YAMLError, LookupError, TypeError, ValueError, binascii.Error):
        raise JoinError(f"what the cluster at {url} says of itself cannot be read") from None
    extensions = {one.get("name"): one for one in cluster.get("extensions") or []}
    grpc = (extensions.get(GRPC_EXTENSION, {}).get("extension") or {}).get("address", "")
    return authority, str(grpc)
