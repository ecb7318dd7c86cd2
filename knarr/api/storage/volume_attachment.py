"""The types of volume attachment in storage."""

from collections.abc import Mapping

from knarr.api.core.persistent_volume import PersistentVolumeSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class VolumeAttachmentSource(ApiStruct):
    """TODO."""

    inline_volume_spec: PersistentVolumeSpec | None = None
    """TODO."""
    persistent_volume_name: str | None = None
    """TODO."""


class VolumeAttachmentSpec(ApiStruct):
    """TODO."""

    attacher: str
    """TODO."""
    node_name: str
    """TODO."""
    source: VolumeAttachmentSource
    """TODO."""


class VolumeError(ApiStruct):
    """TODO."""

    error_code: Int32 | None = None
    """TODO."""
    message: str = ""
    """Why, in words for people."""
    time: Time | None = None
    """TODO."""


class VolumeAttachmentStatus(ApiStruct):
    """TODO."""

    attach_error: VolumeError | None = None
    """TODO."""
    attached: bool
    """TODO."""
    attachment_metadata: Mapping[str, str] = {}
    """TODO."""
    detach_error: VolumeError | None = None
    """TODO."""


class VolumeAttachment(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: VolumeAttachmentSpec
    """What is wanted."""
    status: VolumeAttachmentStatus = VolumeAttachmentStatus(attached=False)
    """What was observed last."""
