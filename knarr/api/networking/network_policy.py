"""The types of network policy in networking."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString
from knarr.api.structs import ApiStruct


class IPBlock(ApiStruct):
    """TODO."""

    cidr: str
    """TODO."""
    except_: tuple[str, ...] = ()
    """TODO."""


class NetworkPolicyPeer(ApiStruct):
    """TODO."""

    ip_block: IPBlock | None = None
    """TODO."""
    namespace_selector: LabelSelector | None = None
    """TODO."""
    pod_selector: LabelSelector | None = None
    """TODO."""


class NetworkPolicyPort(ApiStruct):
    """TODO."""

    end_port: Int32 | None = None
    """TODO."""
    port: IntOrString | None = None
    """TODO."""
    protocol: str | None = None
    """TODO."""


class NetworkPolicyEgressRule(ApiStruct):
    """TODO."""

    ports: tuple[NetworkPolicyPort, ...] = ()
    """TODO."""
    to: tuple[NetworkPolicyPeer, ...] = ()
    """TODO."""


class NetworkPolicyIngressRule(ApiStruct):
    """TODO."""

    from_: tuple[NetworkPolicyPeer, ...] = ()
    """TODO."""
    ports: tuple[NetworkPolicyPort, ...] = ()
    """TODO."""


class NetworkPolicySpec(ApiStruct):
    """TODO."""

    egress: tuple[NetworkPolicyEgressRule, ...] = ()
    """TODO."""
    ingress: tuple[NetworkPolicyIngressRule, ...] = ()
    """TODO."""
    pod_selector: LabelSelector | None = None
    """TODO."""
    policy_types: tuple[str, ...] = ()
    """TODO."""


class NetworkPolicy(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: NetworkPolicySpec = NetworkPolicySpec()
    """What is wanted."""
