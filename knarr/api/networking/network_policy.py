"""The types of network policy in networking."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString
from knarr.api.structs import ApiStruct


class IPBlock(ApiStruct):
    """A range of addresses."""

    cidr: str
    """The range."""
    except_: tuple[str, ...] = ()
    """Ranges within it that are left out."""


class NetworkPolicyPeer(ApiStruct):
    """Who is on the other side."""

    ip_block: IPBlock | None = None
    """Addresses."""
    namespace_selector: LabelSelector | None = None
    """Chooses namespaces by their labels."""
    pod_selector: LabelSelector | None = None
    """Chooses pods by their labels."""


class NetworkPolicyPort(ApiStruct):
    """Ports that are let through."""

    end_port: Int32 | None = None
    """Last port of a range that begins with `port`."""
    port: IntOrString | None = None
    """Number or name of the port; all when absent."""
    protocol: str | None = None
    """TCP, UDP or SCTP."""


class NetworkPolicyEgressRule(ApiStruct):
    """Connections that may go out."""

    ports: tuple[NetworkPolicyPort, ...] = ()
    """To these ports; all when empty."""
    to: tuple[NetworkPolicyPeer, ...] = ()
    """To these peers; all when empty."""


class NetworkPolicyIngressRule(ApiStruct):
    """Connections that may come in."""

    from_: tuple[NetworkPolicyPeer, ...] = ()
    """From these peers; all when empty."""
    ports: tuple[NetworkPolicyPort, ...] = ()
    """To these ports; all when empty."""


class NetworkPolicySpec(ApiStruct):
    """Which connections pods may have."""

    egress: tuple[NetworkPolicyEgressRule, ...] = ()
    """Connections that may go out."""
    ingress: tuple[NetworkPolicyIngressRule, ...] = ()
    """Connections that may come in."""
    pod_selector: LabelSelector | None = None
    """Pods it is about; an empty one chooses all of the namespace."""
    policy_types: tuple[str, ...] = ()
    """Ingress, Egress or both."""


class NetworkPolicy(ApiStruct):
    """Says which connections pods may have."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: NetworkPolicySpec = NetworkPolicySpec()
    """What is wanted."""
