"""The types of lease in coordination."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, MicroTime
from knarr.api.structs import ApiStruct


class LeaseSpec(ApiStruct):
    """Who holds the lease, and until when."""

    acquire_time: MicroTime | None = None
    """Moment it was taken."""
    holder_identity: str | None = None
    """Who holds it."""
    lease_duration_seconds: Int32 | None = None
    """Seconds after the last renewal at which others may take it."""
    lease_transitions: Int32 | None = None
    """How often it changed hands."""
    preferred_holder: str | None = None
    """Who shall have it next."""
    renew_time: MicroTime | None = None
    """Moment it was last renewed."""
    strategy: str | None = None
    """How the holder is chosen."""


class Lease(ApiStruct):
    """Says who leads, or that a node lives."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: LeaseSpec = LeaseSpec()
    """What is wanted."""
