"""The types of csi driver in storage."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListSet


class TokenRequest(ApiStruct):
    """A token that a driver gets for each pod."""

    audience: str
    """Who shall believe it."""
    expiration_seconds: int | None = None
    """Seconds it is good for."""


class CSIDriverSpec(ApiStruct):
    """What a driver can do and needs."""

    attach_required: bool | None = None
    """Whether volumes must be attached first."""
    fs_group_policy: str | None = None
    """ReadWriteOnceWithFSType, File or None: whether volumes are given to the pod's group."""
    node_allocatable_update_period_seconds: int | None = None
    """Seconds between updates of how many volumes a node takes."""
    pod_info_on_mount: bool | None = None
    """Whether it is told of the pod."""
    prevent_pod_scheduling_if_missing: bool | None = None
    """Whether pods keep away from nodes that lack the driver."""
    requires_republish: bool | None = None
    """Whether it is called again and again while a volume is mounted."""
    se_linux_mount: bool | None = None
    """Whether it can mount with SELinux labels."""
    service_account_token_in_secrets: bool | None = None
    """Whether tokens come among the secrets."""
    storage_capacity: bool | None = None
    """Whether it tells how much storage is left."""
    token_requests: tuple[TokenRequest, ...] = ()
    """Tokens it gets for each pod."""
    volume_lifecycle_modes: Annotated[tuple[str, ...], ListSet()] = ()
    """Persistent, Ephemeral or both."""


class CSIDriver(ApiStruct):
    """A storage driver of the cluster."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: CSIDriverSpec
    """What is wanted."""
