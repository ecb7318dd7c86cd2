"""The types of storage class in storage."""

from collections.abc import Mapping

from knarr.api.core.affinity import TopologySelectorTerm
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class StorageClass(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    allow_volume_expansion: bool | None = None
    """TODO."""
    allowed_topologies: tuple[TopologySelectorTerm, ...] = ()
    """TODO."""
    mount_options: tuple[str, ...] = ()
    """TODO."""
    parameters: Mapping[str, str] = {}
    """TODO."""
    provisioner: str
    """TODO."""
    reclaim_policy: str | None = None
    """TODO."""
    volume_binding_mode: str | None = None
    """TODO."""
