"""The types of certificate signing request in certificates."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Time
from knarr.api.structs import ApiStruct, ListMap, written


class CertificateSigningRequestSpec(ApiStruct):
    """What certificate is asked for, and by whom."""

    expiration_seconds: Int32 | None = None
    """Seconds it shall be good for."""
    extra: Mapping[str, tuple[str, ...]] = {}
    """What else is known of the one who asks."""
    groups: tuple[str, ...] = ()
    """Groups of the one who asks."""
    request: Base64
    """The request in PEM, in base64."""
    signer_name: str
    """Who shall sign."""
    uid: str = ""
    """Uid of the object."""
    usages: tuple[str, ...] = ()
    """What it shall be good for, such as client auth."""
    username: str = ""
    """Name of the one who asks."""


class CertificateSigningRequestCondition(ApiStruct):
    """What was decided."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    last_update_time: Time | None = written(default=None)
    """Moment it was last confirmed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """Approved, Denied or Failed."""
    status: str
    """What was observed last."""


class CertificateSigningRequestStatus(ApiStruct):
    """What came of the request."""

    certificate: Base64 = ""
    """The certificate in PEM, in base64."""
    conditions: Annotated[tuple[CertificateSigningRequestCondition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""


class CertificateSigningRequest(ApiStruct):
    """Asks for a certificate."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CertificateSigningRequestSpec
    """What is wanted."""
    status: CertificateSigningRequestStatus = CertificateSigningRequestStatus()
    """What was observed last."""
