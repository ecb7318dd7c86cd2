"""How long requests for certificates stay."""

import base64
from datetime import datetime, timedelta

from cryptography import x509

from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.plan import Plan
from knarr.api.times import parse

DECIDED = timedelta(hours=1)
"""How long a request stays that was issued, denied or failed."""

PENDING = timedelta(hours=24)
"""How long it may wait for a decision, or, approved, for its certificate."""


def decide(csr: CertificateSigningRequest, *, now: datetime) -> Plan:
    """Delete a request once its time is up."""
    until = _until(csr)
    if until is None or csr.metadata.deletion_timestamp is not None:
        return Plan()
    left_s = (until - now).total_seconds()
    if left_s > 0:
        return Plan(again_after_s=left_s)
    return Plan(delete=(csr,), delete_unchanged=True)


def _until(csr: CertificateSigningRequest) -> datetime | None:
    ends = [
        parse(condition.last_update_time) + DECIDED
        for condition in csr.status.conditions
        if condition.last_update_time is not None
        and (condition.type in ("Denied", "Failed") or csr.status.certificate)
    ]
    if csr.metadata.creation_timestamp is not None and not csr.status.certificate:
        ends.append(parse(csr.metadata.creation_timestamp) + PENDING)
    expires = _expires(csr.status.certificate)
    if expires is not None:
        ends.append(expires)
    return min(ends, default=None)


def _expires(certificate: str) -> datetime | None:
    if not certificate:
        return None
    try:
        return x509.load_pem_x509_certificate(base64.b64decode(certificate)).not_valid_after_utc
    except ValueError:
        return None
