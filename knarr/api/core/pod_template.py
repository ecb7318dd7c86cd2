"""The types of pod template in core/v1."""

from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class PodTemplate(ApiStruct):
    """A template kept for itself."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    template: PodTemplateSpec = PodTemplateSpec()
    """The pod's metadata and spec."""
