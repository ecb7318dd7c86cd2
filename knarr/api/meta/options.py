"""The types of options in meta/v1."""

from knarr.api.structs import ApiStruct


class Preconditions(ApiStruct):
    """What must hold for a delete."""

    resource_version: str | None = None
    """Version of the object."""
    uid: str | None = None
    """Uid of the object."""


class DeleteOptions(ApiStruct):
    """How a delete is done."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    dry_run: tuple[str, ...] = ()
    """All for trying only."""
    grace_period_seconds: int | None = None
    """Seconds it is given to end; 0 for at once."""
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None
    """Whether an object goes that cannot be read."""
    orphan_dependents: bool | None = None
    """The same as propagationPolicy Orphan, in its old form."""
    preconditions: Preconditions | None = None
    """What must hold."""
    propagation_policy: str | None = None
    """Orphan, Background or Foreground: what becomes of what it owns."""
