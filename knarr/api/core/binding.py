"""The types of binding in core/v1."""

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class Binding(ApiStruct):
    """Says that a pod goes to a node; posted to the pod's `binding`."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    target: ObjectReference
    """The node, by kind and name."""
