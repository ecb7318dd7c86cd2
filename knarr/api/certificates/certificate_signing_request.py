"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Time
from knarr.api.structs import ApiStruct, ListMap, written


class CertificateSigningRequestSpec(ApiStruct):
    """TODO."""

    expiration_seconds: Int32 | None = None
    """TODO."""
    extra: Mapping[str, tuple[str, ...]] = {}
    """TODO."""
    groups: tuple[str, ...] = ()
    """TODO."""
    request: Base64
    """TODO."""
    signer_name: str
    """TODO."""
    uid: str = ""
    """TODO."""
    usages: tuple[str, ...] = ()
    """TODO."""
    username: str = ""
    """TODO."""


class CertificateSigningRequestCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """TODO."""
    last_update_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class CertificateSigningRequestStatus(ApiStruct):
    """TODO."""

    certificate: Base64 = ""
    """TODO."""
    conditions: Annotated[tuple[CertificateSigningRequestCondition, ...], ListMap("type")] = ()
    """TODO."""


class CertificateSigningRequest(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: CertificateSigningRequestSpec
    """TODO."""
    status: CertificateSigningRequestStatus = CertificateSigningRequestStatus()
    """TODO."""
