"""The types of eviction in policy."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.api.structs import ApiStruct


class Eviction(ApiStruct):
    """Asks a pod to go, if its disruption budgets allow."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    delete_options: DeleteOptions | None = None
    """How it is deleted."""
