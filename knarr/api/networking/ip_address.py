"""The types of ip address in networking."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class ParentReference(ApiStruct):
    """TODO."""

    group: str = ""
    """TODO."""
    name: str
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    resource: str
    """TODO."""


class IPAddressSpec(ApiStruct):
    """TODO."""

    parent_ref: ParentReference
    """TODO."""


class IPAddress(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: IPAddressSpec
    """What is wanted."""
