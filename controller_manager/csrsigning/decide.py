"""Which requests are signed, for how long, and which fail."""

from datetime import timedelta

from controller_manager.certificate_requests import (
    CLIENT,
    KUBELET_CLIENT,
    KUBELET_SERVING,
    LEGACY,
    has,
    parsed,
    with_condition,
    wrong_for,
)
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.plan import Plan

SIGNERS = frozenset({CLIENT, KUBELET_CLIENT, KUBELET_SERVING, LEGACY})
"""Who signs with the cluster's authority."""

LASTS_MIN = timedelta(minutes=5)
"""No certificate is good for less."""


def is_to_be_signed(csr: CertificateSigningRequest) -> bool:
    """Whether the request is ours, approved and not answered yet."""
    return (
        csr.spec.signer_name in SIGNERS
        and has(csr, "Approved")
        and not has(csr, "Denied")
        and not has(csr, "Failed")
        and not csr.status.certificate
    )


def refuse(csr: CertificateSigningRequest) -> Plan | None:
    """What is written of a request that its signer does not take; None when it takes it."""
    request = parsed(csr)
    if request is None:
        wrong = "unable to parse csr: the request cannot be read"
    else:
        wrong = wrong_for(csr.spec.signer_name, request, csr.spec.usages)
    if not wrong:
        return None
    return Plan(status=with_condition(csr, "Failed", "SignerValidationFailure", wrong))


def lasts(csr: CertificateSigningRequest, longest: timedelta) -> timedelta:
    """How long the certificate is good: as long as was asked for, within bounds."""
    asked = csr.spec.expiration_seconds
    if asked is None:
        return longest
    return min(max(timedelta(seconds=asked), LASTS_MIN), longest)
