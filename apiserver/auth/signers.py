"""Who may approve and sign requests for certificates, and whom nobody may be named."""

import base64
import re

from cryptography import x509
from cryptography.x509.oid import NameOID

from apiserver.admission.admission import Admission, Attributes, View
from apiserver.admission.refusal import refusal
from apiserver.auth import attributes as auth
from apiserver.auth.gate import MASTERS, Authorization
from apiserver.registry.request import User
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest

GROUP = "certificates.k8s.io"
CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE REQUEST-----.*?-----END CERTIFICATE REQUEST-----", re.S)
_VERBS = {"approval": "approve", "status": "sign"}


class Signers(Admission):
    """Asks for `approve` and `sign` on the signer beside `update` on the request."""

    interests = frozenset({(GROUP, "certificatesigningrequests")})
    subresources = frozenset({"", "approval", "status"})

    def __init__(self, authorization: Authorization) -> None:
        self._authorization = authorization

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Raise ForbiddenError when the user may not do this for the signer."""
        request: CertificateSigningRequest = attributes.object
        if not attributes.subresource:
            _check_subject(attributes, request)
            return
        old: CertificateSigningRequest = attributes.old
        if attributes.subresource == "status" and (
            old.status.certificate == request.status.certificate
            and _failures(old) == _failures(request)
        ):
            return
        verb, signer = _VERBS[attributes.subresource], request.spec.signer_name
        if not self._may(attributes, verb, signer):
            words = f'user not permitted to {verb} requests with signerName "{signer}"'
            raise refusal(attributes, words)

    def _may(self, attributes: Attributes, verb: str, signer: str) -> bool:
        """A signer may be named itself, or all of its domain at once."""
        domain = signer.partition("/")[0]
        user = User(name=attributes.user, groups=attributes.groups)
        if MASTERS in user.groups:
            return True
        return any(
            self._authorization.decide(
                auth.Attributes(user, verb, group=GROUP, version="*", resource="signers", name=name)
            ).verdict
            == "allow"
            for name in (signer, f"{domain}/*")
        )


def _failures(request: CertificateSigningRequest) -> int:
    return sum(one.type == "Failed" for one in request.status.conditions)


def _check_subject(attributes: Attributes, request: CertificateSigningRequest) -> None:
    """Nobody gets a certificate that makes them master of everything."""
    if attributes.operation != "CREATE" or request.spec.signer_name != CLIENT_SIGNER:
        return
    block = _PEM.search(base64.b64decode(request.spec.request))
    if block is None:
        return
    subject = x509.load_pem_x509_csr(block.group(0)).subject
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if any(group.value == MASTERS for group in groups):
        raise refusal(
            attributes,
            f"use of {CLIENT_SIGNER} signer with {MASTERS} group is not allowed",
        )
