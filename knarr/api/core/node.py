"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.scheduling import Taint
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge, written


class AttachedVolume(ApiStruct):
    """TODO."""

    device_path: str
    """TODO."""
    name: str
    """TODO."""


class ConfigMapNodeConfigSource(ApiStruct):
    """TODO."""

    kubelet_config_key: str
    """TODO."""
    name: str
    """TODO."""
    namespace: str
    """TODO."""
    resource_version: str = ""
    """TODO."""
    uid: str = ""
    """TODO."""


class ContainerImage(ApiStruct):
    """TODO."""

    names: tuple[str, ...] = ()
    """TODO."""
    size_bytes: int = 0
    """TODO."""


class DaemonEndpoint(ApiStruct):
    """TODO."""

    daemon_port: Int32
    """TODO."""


class NodeConfigSource(ApiStruct):
    """TODO."""

    config_map: ConfigMapNodeConfigSource | None = None
    """TODO."""


class NodeSpec(ApiStruct):
    """TODO."""

    config_source: NodeConfigSource | None = None
    """TODO."""
    external_id: str = ""
    """TODO."""
    pod_cidr: str = ""
    """TODO."""
    pod_cidrs: Annotated[tuple[str, ...], ListSet(), PatchMerge()] = ()
    """TODO."""
    provider_id: str = ""
    """TODO."""
    taints: tuple[Taint, ...] = ()
    """TODO."""
    unschedulable: bool = False
    """TODO."""


class NodeAddress(ApiStruct):
    """TODO."""

    address: str
    """TODO."""
    type: str
    """TODO."""


class NodeCondition(ApiStruct):
    """TODO."""

    last_heartbeat_time: Time | None = written(default=None)
    """TODO."""
    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class NodeConfigStatus(ApiStruct):
    """TODO."""

    active: NodeConfigSource | None = None
    """TODO."""
    assigned: NodeConfigSource | None = None
    """TODO."""
    error: str = ""
    """TODO."""
    last_known_good: NodeConfigSource | None = None
    """TODO."""


class NodeDaemonEndpoints(ApiStruct):
    """TODO."""

    kubelet_endpoint: DaemonEndpoint = DaemonEndpoint(daemon_port=0)
    """TODO."""


class NodeFeatures(ApiStruct):
    """TODO."""

    supplemental_groups_policy: bool | None = None
    """TODO."""


class NodeRuntimeHandlerFeatures(ApiStruct):
    """TODO."""

    recursive_read_only_mounts: bool | None = None
    """TODO."""
    user_namespaces: bool | None = None
    """TODO."""


class NodeRuntimeHandler(ApiStruct):
    """TODO."""

    features: NodeRuntimeHandlerFeatures | None = None
    """TODO."""
    name: str = ""
    """TODO."""


class NodeSwapStatus(ApiStruct):
    """TODO."""

    capacity: int | None = None
    """TODO."""


class NodeSystemInfo(ApiStruct):
    """TODO."""

    architecture: str
    """TODO."""
    boot_id: str
    """TODO."""
    container_runtime_version: str
    """TODO."""
    kernel_version: str
    """TODO."""
    kube_proxy_version: str
    """TODO."""
    kubelet_version: str
    """TODO."""
    machine_id: str
    """TODO."""
    operating_system: str
    """TODO."""
    os_image: str
    """TODO."""
    swap: NodeSwapStatus | None = None
    """TODO."""
    system_uuid: str
    """TODO."""


class NodeStatus(ApiStruct):
    """TODO."""

    addresses: Annotated[tuple[NodeAddress, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    allocatable: Mapping[str, Quantity] = {}
    """TODO."""
    capacity: Mapping[str, Quantity] = {}
    """TODO."""
    conditions: Annotated[tuple[NodeCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    config: NodeConfigStatus | None = None
    """TODO."""
    daemon_endpoints: NodeDaemonEndpoints = NodeDaemonEndpoints()
    """TODO."""
    declared_features: tuple[str, ...] = ()
    """TODO."""
    features: NodeFeatures | None = None
    """TODO."""
    images: tuple[ContainerImage, ...] = ()
    """TODO."""
    node_info: NodeSystemInfo | None = None
    """TODO."""
    phase: str = ""
    """TODO."""
    runtime_handlers: tuple[NodeRuntimeHandler, ...] = ()
    """TODO."""
    volumes_attached: tuple[AttachedVolume, ...] = ()
    """TODO."""
    volumes_in_use: tuple[str, ...] = ()
    """TODO."""


class Node(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: NodeSpec = NodeSpec()
    """TODO."""
    status: NodeStatus = NodeStatus()
    """TODO."""
