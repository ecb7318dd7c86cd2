"""The types of certificate signing request in certificates."""

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
    """Uid of the object."""
    usages: tuple[str, ...] = ()
    """TODO."""
    username: str = ""
    """TODO."""


class CertificateSigningRequestCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    last_update_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class CertificateSigningRequestStatus(ApiStruct):
    """TODO."""

    certificate: Base64 = ""
    """TODO."""
    conditions: Annotated[tuple[CertificateSigningRequestCondition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""


class CertificateSigningRequest(ApiStruct):
    """TODO."""

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
