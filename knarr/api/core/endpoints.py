"""TODO."""

from typing import ClassVar

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class EndpointAddress(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    hostname: str = ""
    """TODO."""
    ip: str
    """TODO."""
    node_name: str | None = None
    """TODO."""
    target_ref: ObjectReference | None = None
    """TODO."""


class EndpointPort(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    app_protocol: str | None = None
    """TODO."""
    name: str = ""
    """TODO."""
    port: Int32
    """TODO."""
    protocol: str = ""
    """TODO."""


class EndpointSubset(ApiStruct):
    """TODO."""

    addresses: tuple[EndpointAddress, ...] = ()
    """TODO."""
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    """TODO."""
    ports: tuple[EndpointPort, ...] = ()
    """TODO."""


class Endpoints(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    subsets: tuple[EndpointSubset, ...] = ()
    """TODO."""
