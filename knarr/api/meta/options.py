"""The types of options in meta/v1."""

from knarr.api.structs import ApiStruct


class Preconditions(ApiStruct):
    """TODO."""

    resource_version: str | None = None
    """Version of the object."""
    uid: str | None = None
    """Uid of the object."""


class DeleteOptions(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    dry_run: tuple[str, ...] = ()
    """TODO."""
    grace_period_seconds: int | None = None
    """TODO."""
    ignore_store_read_error_with_cluster_breaking_potential: bool | None = None
    """TODO."""
    orphan_dependents: bool | None = None
    """TODO."""
    preconditions: Preconditions | None = None
    """TODO."""
    propagation_policy: str | None = None
    """TODO."""
