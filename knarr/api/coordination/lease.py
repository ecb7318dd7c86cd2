"""The types of lease in coordination."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, MicroTime
from knarr.api.structs import ApiStruct


class LeaseSpec(ApiStruct):
    """TODO."""

    acquire_time: MicroTime | None = None
    """TODO."""
    holder_identity: str | None = None
    """TODO."""
    lease_duration_seconds: Int32 | None = None
    """TODO."""
    lease_transitions: Int32 | None = None
    """TODO."""
    preferred_holder: str | None = None
    """TODO."""
    renew_time: MicroTime | None = None
    """TODO."""
    strategy: str | None = None
    """TODO."""


class Lease(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: LeaseSpec = LeaseSpec()
    """What is wanted."""
