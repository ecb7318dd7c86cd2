"""TODO."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class LimitRangeItem(ApiStruct):
    """TODO."""

    default: Mapping[str, Quantity] = {}
    """TODO."""
    default_request: Mapping[str, Quantity] = {}
    """TODO."""
    max: Mapping[str, Quantity] = {}
    """TODO."""
    max_limit_request_ratio: Mapping[str, Quantity] = {}
    """TODO."""
    min: Mapping[str, Quantity] = {}
    """TODO."""
    type: str
    """TODO."""


class LimitRangeSpec(ApiStruct):
    """TODO."""

    limits: tuple[LimitRangeItem, ...]
    """TODO."""


class LimitRange(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: LimitRangeSpec = LimitRangeSpec(limits=())
    """TODO."""
