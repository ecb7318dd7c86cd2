"""The types of volume attachment in storage."""

from collections.abc import Mapping

from knarr.api.core.persistent_volume import PersistentVolumeSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct


class VolumeAttachmentSource(ApiStruct):
    """The volume that is attached."""

    inline_volume_spec: PersistentVolumeSpec | None = None
    """The volume itself."""
    persistent_volume_name: str | None = None
    """Name of the volume."""


class VolumeAttachmentSpec(ApiStruct):
    """What is attached to which node, by whom."""

    attacher: str
    """Driver that attaches it."""
    node_name: str
    """The node."""
    source: VolumeAttachmentSource
    """The volume."""


class VolumeError(ApiStruct):
    """What went wrong with a volume."""

    error_code: Int32 | None = None
    """Code of the error."""
    message: str = ""
    """Why, in words for people."""
    time: Time | None = None
    """Moment it was seen."""


class VolumeAttachmentStatus(ApiStruct):
    """How far attaching has come."""

    attach_error: VolumeError | None = None
    """What went wrong while attaching."""
    attached: bool
    """Whether it is attached."""
    attachment_metadata: Mapping[str, str] = {}
    """What the driver says of it."""
    detach_error: VolumeError | None = None
    """What went wrong while detaching."""


class VolumeAttachment(ApiStruct):
    """Says that a volume is to be attached to a node."""

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
