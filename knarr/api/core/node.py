"""The types of node in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.scheduling import Taint
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge, written


class AttachedVolume(ApiStruct):
    """A volume attached to a node."""

    device_path: str
    """Where the device is."""
    name: str
    """Name of the volume."""


class ConfigMapNodeConfigSource(ApiStruct):
    """A ConfigMap with a kubelet's settings. No longer looked at."""

    kubelet_config_key: str
    """Key of the settings."""
    name: str
    """Name of the object."""
    namespace: str
    """Namespace of the object."""
    resource_version: str = ""
    """Version of the object."""
    uid: str = ""
    """Uid of the object."""


class ContainerImage(ApiStruct):
    """An image on a node."""

    names: tuple[str, ...] = ()
    """All names it is known by."""
    size_bytes: int = 0
    """Size in bytes."""


class DaemonEndpoint(ApiStruct):
    """A port on which a daemon listens."""

    daemon_port: Int32
    """Number of the port."""


class NodeConfigSource(ApiStruct):
    """Where a kubelet gets its settings. No longer looked at."""

    config_map: ConfigMapNodeConfigSource | None = None
    """ConfigMap with the settings."""


class NodeSpec(ApiStruct):
    """What is wanted of a node."""

    config_source: NodeConfigSource | None = None
    """Where the kubelet gets its settings. No longer looked at."""
    external_id: str = ""
    """Id of the machine at its provider. Kept for old objects."""
    pod_cidr: str = ""
    """Range the node's pods get addresses from."""
    pod_cidrs: Annotated[tuple[str, ...], ListSet(), PatchMerge()] = ()
    """The same for several address families, at most one range each."""
    provider_id: str = ""
    """Id of the machine at its provider, as PROVIDER://ID."""
    taints: tuple[Taint, ...] = ()
    """Marks that keep pods away which do not tolerate them."""
    unschedulable: bool = False
    """Whether new pods are kept away: set by cordon."""


class NodeAddress(ApiStruct):
    """A name or address of a node."""

    address: str
    """The name or address."""
    type: str
    """Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS."""


class NodeCondition(ApiStruct):
    """One thing about how a node is."""

    last_heartbeat_time: Time | None = written(default=None)
    """Moment the condition was last confirmed."""
    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """Ready, MemoryPressure, DiskPressure, PIDPressure or NetworkUnavailable."""
    status: str
    """What was observed last."""


class NodeConfigStatus(ApiStruct):
    """Which settings a kubelet uses. No longer written."""

    active: NodeConfigSource | None = None
    """Settings in use."""
    assigned: NodeConfigSource | None = None
    """Settings to be used."""
    error: str = ""
    """Why they are not in use."""
    last_known_good: NodeConfigSource | None = None
    """Settings to fall back to."""


class NodeDaemonEndpoints(ApiStruct):
    """Ports of a node's daemons."""

    kubelet_endpoint: DaemonEndpoint = DaemonEndpoint(daemon_port=0)
    """Port of the kubelet."""


class NodeFeatures(ApiStruct):
    """What a node's runtime can do."""

    supplemental_groups_policy: bool | None = None
    """Whether it knows supplementalGroupsPolicy."""


class NodeRuntimeHandlerFeatures(ApiStruct):
    """What one runtime handler can do."""

    recursive_read_only_mounts: bool | None = None
    """Whether mounts can be read-only all the way down."""
    user_namespaces: bool | None = None
    """Whether pods can have user namespaces."""


class NodeRuntimeHandler(ApiStruct):
    """One of the ways a node's runtime can run pods."""

    features: NodeRuntimeHandlerFeatures | None = None
    """What it can do."""
    name: str = ""
    """Name of the handler; empty for the default one."""


class NodeSwapStatus(ApiStruct):
    """Swap of a node."""

    capacity: int | None = None
    """Size in bytes."""


class NodeSystemInfo(ApiStruct):
    """What a machine is."""

    architecture: str
    """Processor, such as amd64."""
    boot_id: str
    """Id of the present boot."""
    container_runtime_version: str
    """Container runtime, as RUNTIME://VERSION."""
    kernel_version: str
    """Version of the kernel."""
    kube_proxy_version: str
    """No longer written."""
    kubelet_version: str
    """Version of the kubelet."""
    machine_id: str
    """Id of the machine, from /etc/machine-id."""
    operating_system: str
    """linux."""
    os_image: str
    """Name of the distribution."""
    swap: NodeSwapStatus | None = None
    """Swap space."""
    system_uuid: str
    """Id of the machine, from its firmware."""


class NodeStatus(ApiStruct):
    """How a node is and what it has."""

    addresses: Annotated[tuple[NodeAddress, ...], ListMap("type"), PatchMerge("type")] = ()
    """Names and addresses of the node."""
    allocatable: Mapping[str, Quantity] = {}
    """What of its capacity pods may use."""
    capacity: Mapping[str, Quantity] = {}
    """Everything the machine has."""
    conditions: Annotated[tuple[NodeCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    config: NodeConfigStatus | None = None
    """Which settings the kubelet uses. No longer written."""
    daemon_endpoints: NodeDaemonEndpoints = NodeDaemonEndpoints()
    """Ports of the node's daemons."""
    declared_features: tuple[str, ...] = ()
    """Optional features the node says it has."""
    features: NodeFeatures | None = None
    """What its runtime can do."""
    images: tuple[ContainerImage, ...] = ()
    """Images on the node."""
    node_info: NodeSystemInfo | None = None
    """What the machine is."""
    phase: str = ""
    """No longer written."""
    runtime_handlers: tuple[NodeRuntimeHandler, ...] = ()
    """Ways its runtime can run pods."""
    volumes_attached: tuple[AttachedVolume, ...] = ()
    """Volumes attached to it."""
    volumes_in_use: tuple[str, ...] = ()
    """Volumes its pods use."""


class Node(ApiStruct):
    """A machine that runs pods."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: NodeSpec = NodeSpec()
    """What is wanted."""
    status: NodeStatus = NodeStatus()
    """What was observed last."""
