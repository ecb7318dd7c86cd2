"""The types of ip address in networking."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class ParentReference(ApiStruct):
    """The object an address belongs to."""

    group: str = ""
    """Group of the object."""
    name: str
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    resource: str
    """Resource of the object."""


class IPAddressSpec(ApiStruct):
    """Whose an address is."""

    parent_ref: ParentReference
    """Object it belongs to."""


class IPAddress(ApiStruct):
    """An address in use; its name is the address."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: IPAddressSpec
    """What is wanted."""
