"""What a CertificateSigningRequest asks for, and what Kubernetes' signers find wrong with it."""

import base64
import re
from collections.abc import Sequence

from cryptography import x509
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from knarr.api.certificates.certificate_signing_request import (
    CertificateSigningRequest,
    CertificateSigningRequestCondition,
)

CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING = "kubernetes.io/kubelet-serving"
LEGACY = "kubernetes.io/legacy-unknown"

NODES_GROUP = "system:nodes"
NODE_USER = "system:node:"

_PEM = re.compile(rb"-----BEGIN CERTIFICATE REQUEST-----.*?-----END CERTIFICATE REQUEST-----", re.S)

_KUBELET_CLIENT_USAGES = frozenset({"client auth", "digital signature", "key encipherment"})
_KUBELET_SERVING_USAGES = frozenset({"digital signature", "key encipherment", "server auth"})
_CLIENT_USAGES = frozenset({"client auth", "digital signature", "key encipherment"})


def parsed(csr: CertificateSigningRequest) -> x509.CertificateSigningRequest | None:
    """The request itself; None when it is none or not signed by its own key."""
    try:
        block = _PEM.search(base64.b64decode(csr.spec.request))
        request = x509.load_pem_x509_csr(block.group(0)) if block else None
    except ValueError:
        return None
    return request if request is not None and request.is_signature_valid else None


def has(csr: CertificateSigningRequest, kind: str) -> bool:
    """Whether a condition of this type is set, such as `Approved`."""
    return any(each.type == kind for each in csr.status.conditions)


def with_condition(
    csr: CertificateSigningRequest, kind: str, reason: str, message: str
) -> CertificateSigningRequest:
    """The request with one condition more; the server fills in the times."""
    told = CertificateSigningRequestCondition(
        type=kind, status="True", reason=reason, message=message
    )
    conditions = (*csr.status.conditions, told)
    return replace(csr, status=replace(csr.status, conditions=conditions))


def common_name(request: x509.CertificateSigningRequest) -> str:
    """For whom it is asked."""
    names = _subject(request, NameOID.COMMON_NAME)
    return names[0] if names else ""


def host_names(request: x509.CertificateSigningRequest) -> tuple[str, ...]:
    """All names and addresses that are asked for, as texts."""
    return tuple(str(host.value) for host in _hosts(request))


def wrong_for(signer: str, request: x509.CertificateSigningRequest, usages: Sequence[str]) -> str:
    """Why this signer refuses the request, in Kubernetes' words; empty when it does not."""
    asked = frozenset(usages)
    match signer:
        case "kubernetes.io/kube-apiserver-client-kubelet":
            return _wrong_name(request) or _wrong_client(request, asked)
        case "kubernetes.io/kubelet-serving":
            return _wrong_name(request) or _wrong_server(request, asked)
        case "kubernetes.io/kube-apiserver-client":
            is_right = "client auth" in asked and asked <= _CLIENT_USAGES
            return "" if is_right else _wrong_usages(_CLIENT_USAGES)
    return ""


def _wrong_name(request: x509.CertificateSigningRequest) -> str:
    if _subject(request, NameOID.ORGANIZATION_NAME) != [NODES_GROUP]:
        return "subject organization is not system:nodes"
    return ""


def _wrong_node(request: x509.CertificateSigningRequest) -> str:
    if not common_name(request).startswith(NODE_USER):
        return "subject common name does not begin with system:node: "
    return ""


def _wrong_client(request: x509.CertificateSigningRequest, usages: frozenset[str]) -> str:
    found = _hosts(request)
    for kind, words in _HOST_WORDS.items():
        if any(isinstance(host, kind) for host in found):
            return f"{words} subjectAltNames are not allowed"
    if usages | {"key encipherment"} != _KUBELET_CLIENT_USAGES:
        return _wrong_usages(_KUBELET_CLIENT_USAGES)
    return _wrong_node(request)


def _wrong_server(request: x509.CertificateSigningRequest, usages: frozenset[str]) -> str:
    found = _hosts(request)
    if not any(isinstance(host, x509.DNSName | x509.IPAddress) for host in found):
        return "DNS or IP subjectAltName is required"
    for kind in (x509.RFC822Name, x509.UniformResourceIdentifier):
        if any(isinstance(host, kind) for host in found):
            return f"{_HOST_WORDS[kind]} subjectAltNames are not allowed"
    if usages | {"key encipherment"} != _KUBELET_SERVING_USAGES:
        return _wrong_usages(_KUBELET_SERVING_USAGES)
    return _wrong_node(request)


def _wrong_usages(wanted: frozenset[str]) -> str:
    return f"usages did not match [{' '.join(sorted(wanted))}]"


_HOST_WORDS: dict[type[x509.GeneralName], str] = {
    x509.DNSName: "DNS",
    x509.RFC822Name: "email",
    x509.IPAddress: "IP",
    x509.UniformResourceIdentifier: "URI",
}


def _hosts(request: x509.CertificateSigningRequest) -> Sequence[x509.GeneralName]:
    try:
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(found.value)


def _subject(request: x509.CertificateSigningRequest, oid: x509.ObjectIdentifier) -> list[str]:
    return [str(part.value) for part in request.subject.get_attributes_for_oid(oid)]
