"""The types of storage class in storage."""

from collections.abc import Mapping

from knarr.api.core.affinity import TopologySelectorTerm
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class StorageClass(ApiStruct):
    """A way of making storage."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    allow_volume_expansion: bool | None = None
    """Whether volumes can be made larger."""
    allowed_topologies: tuple[TopologySelectorTerm, ...] = ()
    """Where volumes can be made."""
    mount_options: tuple[str, ...] = ()
    """Options they are mounted with."""
    parameters: Mapping[str, str] = {}
    """Settings for the provisioner."""
    provisioner: str
    """Who makes the volumes."""
    reclaim_policy: str | None = None
    """Delete or Retain, when a claim goes. The server fills in Delete."""
    volume_binding_mode: str | None = None
    """Immediate, or WaitForFirstConsumer. The server fills in Immediate."""
