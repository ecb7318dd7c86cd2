"""The types of volume attributes class in storage."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class VolumeAttributesClass(ApiStruct):
    """Attributes that volumes can be given later."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    driver_name: str
    """Driver that understands them."""
    parameters: Mapping[str, str] = {}
    """The attributes."""
