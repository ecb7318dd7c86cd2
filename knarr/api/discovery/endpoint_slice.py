"""The types of endpoint slice in discovery."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct, ListSet


class EndpointConditions(ApiStruct):
    """How an endpoint is."""

    ready: bool | None = None
    """Whether it takes new connections; absent counts as yes."""
    serving: bool | None = None
    """Whether it answers, even while it terminates."""
    terminating: bool | None = None
    """Whether it is being deleted."""


class ForNode(ApiStruct):
    """A node whose clients should use an endpoint."""

    name: str
    """Name of the object."""


class ForZone(ApiStruct):
    """A zone whose clients should use an endpoint."""

    name: str
    """Name of the object."""


class EndpointHints(ApiStruct):
    """Who should use an endpoint."""

    for_nodes: tuple[ForNode, ...] = ()
    """Nodes whose clients should."""
    for_zones: tuple[ForZone, ...] = ()
    """Zones whose clients should."""


class Endpoint(ApiStruct):
    """One thing that answers for a Service, a pod as a rule."""

    addresses: Annotated[tuple[str, ...], ListSet()]
    """Its addresses; all the same thing, the first one is used."""
    conditions: EndpointConditions | None = None
    """What holds and what does not, one entry a type."""
    deprecated_topology: Mapping[str, str] = {}
    """Where it is, in the old form."""
    hints: EndpointHints | None = None
    """Who should use it."""
    hostname: str | None = None
    """Name it has within the Service."""
    node_name: str | None = None
    """Node it is on."""
    target_ref: ObjectReference | None = None
    """Object it belongs to."""
    zone: str | None = None
    """Zone it is in."""


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
    """Some of the endpoints of a Service."""

    always: ClassVar[Mapping[str, str]] = {"endpoints": "null", "ports": "null"}
    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    address_type: str
    """IPv4, IPv6 or FQDN."""
    endpoints: tuple[Endpoint, ...] = ()
    """The endpoints, at most 1000."""
    ports: tuple[EndpointPort, ...] = ()
    """Ports they all offer."""
