"""The types of limit range in core/v1."""

from collections.abc import Mapping

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class LimitRangeItem(ApiStruct):
    """Bounds and defaults for one kind of thing."""

    default: Mapping[str, Quantity] = {}
    """Limits of a container that names none."""
    default_request: Mapping[str, Quantity] = {}
    """Requests of a container that names none."""
    max: Mapping[str, Quantity] = {}
    """Most of each resource."""
    max_limit_request_ratio: Mapping[str, Quantity] = {}
    """How much larger than its request a limit may be, at most."""
    min: Mapping[str, Quantity] = {}
    """Least of each resource."""
    type: str
    """Container, Pod or PersistentVolumeClaim."""


class LimitRangeSpec(ApiStruct):
    """The bounds and defaults of a namespace."""

    limits: tuple[LimitRangeItem, ...]
    """One item for each kind of thing."""


class LimitRange(ApiStruct):
    """Bounds and defaults for what is created in a namespace."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: LimitRangeSpec = LimitRangeSpec(limits=())
    """What is wanted."""
