"""The types of endpoint slice in discovery."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, ListSet


class EndpointConditions(ApiStruct):
    """TODO."""

    ready: bool | None = None
    """TODO."""
    serving: bool | None = None
    """TODO."""
    terminating: bool | None = None
    """TODO."""


class ForNode(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""


class ForZone(ApiStruct):
    """TODO."""

    name: str
    """Name of the object."""


class EndpointHints(ApiStruct):
    """TODO."""

    for_nodes: tuple[ForNode, ...] = ()
    """TODO."""
    for_zones: tuple[ForZone, ...] = ()
    """TODO."""


class Endpoint(ApiStruct):
    """TODO."""

    addresses: Annotated[tuple[str, ...], ListSet()]
    """TODO."""
    conditions: EndpointConditions | None = None
    """What holds and what does not, one entry a type."""
    deprecated_topology: Mapping[str, str] = {}
    """TODO."""
    hints: EndpointHints | None = None
    """TODO."""
    hostname: str | None = None
    """TODO."""
    node_name: str | None = None
    """TODO."""
    target_ref: ObjectReference | None = None
    """TODO."""
    zone: str | None = None
    """TODO."""


class EndpointPort(ApiStruct):
    """A port behind a Service."""

    map_type: ClassVar[str] = "atomic"
    app_protocol: str | None = None
    """Protocol spoken on the port, such as http or kubernetes.io/h2c."""
    name: str | None = None
    """Name of the Service's port; empty when it has only one."""
    port: Int32 | None = None
    """Number of the port."""
    protocol: str | None = None
    """TCP, UDP or SCTP."""


class EndpointSlice(ApiStruct):
    """TODO."""

    always: ClassVar[Mapping[str, str]] = {"endpoints": "null", "ports": "null"}
    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    address_type: str
    """TODO."""
    endpoints: tuple[Endpoint, ...] = ()
    """TODO."""
    ports: tuple[EndpointPort, ...] = ()
    """TODO."""
