"""Rules of what is decided about a CertificateSigningRequest."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec.structs import replace

from knarr.api import times
from knarr.api.certificates.certificate_signing_request import (
    CertificateSigningRequestCondition,
)
from knarr.api.field_errors import (
    OMITTED,
    FieldError,
    duplicate,
    invalid,
    not_supported,
    required,
)

Conditions = Sequence[CertificateSigningRequestCondition]
APPROVALS = ("Approved", "Denied")
DECISIONS = ("Approved", "Denied", "Failed")
STATUSES = ("False", "True", "Unknown")


def conditions(given: Conditions, path: str) -> Iterator[FieldError]:
    """Each type once; decisions are only ever made, not unmade."""
    seen: set[str] = set()
    for i, each in enumerate(given):
        if not each.type:
            yield required(f"{path}[{i}].type")
        known = ("True",) if each.type in DECISIONS else STATUSES
        if not each.status:
            yield required(f"{path}[{i}].status")
        elif each.status not in known:
            yield not_supported(f"{path}[{i}].status", each.status, known)
        if each.type in seen:
            yield duplicate(f"{path}[{i}].type", each.type)
        seen.add(each.type)
    if seen.issuperset(APPROVALS):
        yield invalid(path, OMITTED, "Approved and Denied conditions are mutually exclusive")


def kept_conditions(
    new: Conditions, old: Conditions
) -> tuple[CertificateSigningRequestCondition, ...]:
    """The new conditions, with approvals as they were before: none more.

    That none is missing is for validation to say.
    """
    left = {kind: [each for each in old if each.type == kind] for kind in APPROVALS}
    kept = []
    for each in new:
        if each.type not in left:
            kept.append(each)
        elif left[each.type]:
            kept.append(left[each.type].pop(0))
    return tuple(kept)


def stamped(
    new: Conditions, old: Conditions, now: datetime
) -> tuple[CertificateSigningRequestCondition, ...]:
    """The conditions with the times that a client left out."""
    before = {each.type: each for each in old}
    moment = times.to_time(now)
    return tuple(
        replace(
            each,
            last_update_time=each.last_update_time or moment,
            last_transition_time=each.last_transition_time
            or _transition(each, before.get(each.type))
            or moment,
        )
        for each in new
    )


def _transition(
    new: CertificateSigningRequestCondition, old: CertificateSigningRequestCondition | None
) -> str | None:
    return old.last_transition_time if old is not None and old.status == new.status else None
