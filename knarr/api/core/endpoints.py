"""The types of endpoints in core/v1."""

from typing import ClassVar

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32
from knarr.api.structs import ApiStruct


class EndpointAddress(ApiStruct):
    """An address behind a Service."""

    map_type: ClassVar[str] = "atomic"
    hostname: str = ""
    """Name of the address within the Service."""
    ip: str
    """The address."""
    node_name: str | None = None
    """Node it is on."""
    target_ref: ObjectReference | None = None
    """Object it belongs to, a pod as a rule."""


class EndpointPort(ApiStruct):
    """A port behind a Service."""

    map_type: ClassVar[str] = "atomic"
    app_protocol: str | None = None
    """Protocol spoken on the port, such as http or kubernetes.io/h2c."""
    name: str = ""
    """Name of the Service's port; empty when it has only one."""
    port: Int32
    """Number of the port."""
    protocol: str = ""
    """TCP, UDP or SCTP."""


class EndpointSubset(ApiStruct):
    """Addresses that all offer the same ports."""

    addresses: tuple[EndpointAddress, ...] = ()
    """Addresses that are ready."""
    not_ready_addresses: tuple[EndpointAddress, ...] = ()
    """Addresses that are not, or not yet."""
    ports: tuple[EndpointPort, ...] = ()
    """Ports they offer."""


class Endpoints(ApiStruct):
    """The addresses behind a Service, in the old form; EndpointSlice took its place."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    subsets: tuple[EndpointSubset, ...] = ()
    """Groups of addresses with the same ports."""
