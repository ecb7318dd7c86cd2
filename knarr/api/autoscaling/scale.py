"""TODO."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class ScaleSpec(ApiStruct):
    """TODO."""

    replicas: Int32 = 0
    """TODO."""


class ScaleStatus(ApiStruct):
    """TODO."""

    replicas: Int32
    """TODO."""
    selector: str = ""
    """TODO."""


class Scale(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: ScaleSpec = ScaleSpec()
    """TODO."""
    status: ScaleStatus = ScaleStatus(replicas=0)
    """TODO."""
