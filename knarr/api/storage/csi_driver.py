"""The types of csi driver in storage."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListSet


class TokenRequest(ApiStruct):
    """TODO."""

    audience: str
    """TODO."""
    expiration_seconds: int | None = None
    """TODO."""


class CSIDriverSpec(ApiStruct):
    """TODO."""

    attach_required: bool | None = None
    """TODO."""
    fs_group_policy: str | None = None
    """TODO."""
    node_allocatable_update_period_seconds: int | None = None
    """TODO."""
    pod_info_on_mount: bool | None = None
    """TODO."""
    prevent_pod_scheduling_if_missing: bool | None = None
    """TODO."""
    requires_republish: bool | None = None
    """TODO."""
    se_linux_mount: bool | None = None
    """TODO."""
    service_account_token_in_secrets: bool | None = None
    """TODO."""
    storage_capacity: bool | None = None
    """TODO."""
    token_requests: tuple[TokenRequest, ...] = ()
    """TODO."""
    volume_lifecycle_modes: Annotated[tuple[str, ...], ListSet()] = ()
    """TODO."""


class CSIDriver(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CSIDriverSpec
    """What is wanted."""
