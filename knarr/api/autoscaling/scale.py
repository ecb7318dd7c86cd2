"""The types of scale in autoscaling."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class ScaleSpec(ApiStruct):
    """How many pods are wanted."""

    replicas: Int32 = 0
    """Number of pods."""


class ScaleStatus(ApiStruct):
    """How many pods there are."""

    replicas: Int32
    """Number of pods."""
    selector: str = ""
    """Labels by which they are known, as text."""


class Scale(ApiStruct):
    """The number of pods of anything that can be scaled."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ScaleSpec = ScaleSpec()
    """What is wanted."""
    status: ScaleStatus = ScaleStatus(replicas=0)
    """What was observed last."""
