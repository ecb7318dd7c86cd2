"""Requests for certificates, as hosts and people make them."""

import base64
import ipaddress
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from knarr.api.certificates.certificate_signing_request import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
    CertificateSigningRequestSpec,
    CertificateSigningRequestStatus,
)
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.times import to_time
from tests.builders import NOW

KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
SERVING = "kubernetes.io/kubelet-serving"
CLIENT = "kubernetes.io/kube-apiserver-client"
CLIENT_USAGES = ("client auth", "digital signature")
SERVING_USAGES = ("digital signature", "server auth")
KEY = ec.generate_private_key(ec.SECP256R1())


def request_pem(
    name: str = "system:node:n1",
    groups: Sequence[str] = ("system:nodes",),
    hosts: Sequence[str] = (),
) -> bytes:
    """A request in PEM; hosts are names or addresses."""
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if hosts:
        names = x509.SubjectAlternativeName([_host(host) for host in hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def csr(
    *conditions: str,
    name: str = "csr",
    pem: bytes | None = None,
    signer: str = KUBELET,
    usages: Sequence[str] = CLIENT_USAGES,
    username: str = "system:bootstrap:abcdef",
    expiration_s: int | None = None,
    certificate: str = "",
    age_s: float = 0,
) -> CertificateSigningRequest:
    """A request with these conditions, all of one age."""
    at = to_time(NOW.fromtimestamp(NOW.timestamp() - age_s, NOW.tzinfo))
    return CertificateSigningRequest(
        metadata=ObjectMeta(name=name, creation_timestamp=at),
        spec=CertificateSigningRequestSpec(
            request=base64.b64encode(pem or request_pem()).decode(),
            signer_name=signer,
            usages=tuple(usages),
            username=username,
            expiration_seconds=expiration_s,
        ),
        status=CertificateSigningRequestStatus(
            conditions=tuple(
                CertificateSigningRequestCondition(type=kind, status="True", last_update_time=at)
                for kind in conditions
            ),
            certificate=certificate,
        ),
    )


def _host(host: str) -> x509.GeneralName:
    if "@" in host:
        return x509.RFC822Name(host)
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
