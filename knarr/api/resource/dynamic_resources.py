"""The types of dynamic resources in resource."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.affinity import NodeSelector
from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity, Raw, Time
from knarr.api.structs import ApiStruct, Defaulted, ListMap, PatchMerge


class NetworkDeviceData(ApiStruct):
    """TODO."""

    hardware_address: str = ""
    """TODO."""
    interface_name: str = ""
    """TODO."""
    ips: tuple[str, ...] = ()
    """TODO."""


class AllocatedDeviceStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""
    data: Raw | None = None
    """TODO."""
    device: str
    """TODO."""
    driver: str
    """TODO."""
    network_data: NetworkDeviceData | None = None
    """TODO."""
    pool: str
    """TODO."""
    share_id: str | None = None
    """TODO."""


class OpaqueDeviceConfiguration(ApiStruct):
    """TODO."""

    driver: str
    """TODO."""
    parameters: Raw
    """TODO."""


class DeviceAllocationConfiguration(ApiStruct):
    """TODO."""

    opaque: OpaqueDeviceConfiguration | None = None
    """TODO."""
    requests: tuple[str, ...] = ()
    """TODO."""
    source: str
    """TODO."""


class DeviceToleration(ApiStruct):
    """TODO."""

    effect: str = ""
    """TODO."""
    key: str = ""
    """TODO."""
    operator: Annotated[str, Defaulted("Equal")] = ""
    """TODO."""
    toleration_seconds: int | None = None
    """TODO."""
    value: str = ""
    """TODO."""


class DeviceRequestAllocationResult(ApiStruct):
    """TODO."""

    admin_access: bool | None = None
    """TODO."""
    binding_conditions: tuple[str, ...] = ()
    """TODO."""
    binding_failure_conditions: tuple[str, ...] = ()
    """TODO."""
    consumed_capacity: Mapping[str, Quantity] = {}
    """TODO."""
    device: str
    """TODO."""
    driver: str
    """TODO."""
    pool: str
    """TODO."""
    request: str
    """TODO."""
    share_id: str | None = None
    """TODO."""
    tolerations: tuple[DeviceToleration, ...] = ()
    """TODO."""


class DeviceAllocationResult(ApiStruct):
    """TODO."""

    config: tuple[DeviceAllocationConfiguration, ...] = ()
    """TODO."""
    results: tuple[DeviceRequestAllocationResult, ...] = ()
    """TODO."""


class AllocationResult(ApiStruct):
    """TODO."""

    allocation_timestamp: Time | None = None
    """TODO."""
    devices: DeviceAllocationResult | None = None
    """TODO."""
    node_selector: NodeSelector | None = None
    """TODO."""


class CELDeviceSelector(ApiStruct):
    """TODO."""

    expression: str
    """TODO."""


class CapacityRequestPolicyRange(ApiStruct):
    """TODO."""

    max: Quantity | None = None
    """TODO."""
    min: Quantity
    """TODO."""
    step: Quantity | None = None
    """TODO."""


class CapacityRequestPolicy(ApiStruct):
    """TODO."""

    default: Quantity | None = None
    """TODO."""
    valid_range: CapacityRequestPolicyRange | None = None
    """TODO."""
    valid_values: tuple[Quantity, ...] = ()
    """TODO."""


class CapacityRequirements(ApiStruct):
    """TODO."""

    requests: Mapping[str, Quantity] = {}
    """TODO."""


class Counter(ApiStruct):
    """TODO."""

    value: Quantity
    """TODO."""


class CounterSet(ApiStruct):
    """TODO."""

    counters: Mapping[str, Counter]
    """TODO."""
    name: str
    """Name of the object."""


class DeviceAttribute(ApiStruct):
    """TODO."""

    bool_: bool | None = None
    """TODO."""
    bools: tuple[bool, ...] = ()
    """TODO."""
    int_: int | None = None
    """TODO."""
    ints: tuple[int, ...] = ()
    """TODO."""
    string: str | None = None
    """TODO."""
    strings: tuple[str, ...] = ()
    """TODO."""
    version: str | None = None
    """TODO."""
    versions: tuple[str, ...] = ()
    """TODO."""


class DeviceCapacity(ApiStruct):
    """TODO."""

    request_policy: CapacityRequestPolicy | None = None
    """TODO."""
    value: Quantity
    """TODO."""


class DeviceCounterConsumption(ApiStruct):
    """TODO."""

    counter_set: str
    """TODO."""
    counters: Mapping[str, Counter]
    """TODO."""


class DeviceTaint(ApiStruct):
    """TODO."""

    effect: str
    """TODO."""
    key: str
    """TODO."""
    time_added: Time | None = None
    """TODO."""
    value: str = ""
    """TODO."""


class NodeAllocatableResourceMapping(ApiStruct):
    """TODO."""

    allocation_multiplier: Quantity | None = None
    """TODO."""
    capacity_key: str | None = None
    """TODO."""


class Device(ApiStruct):
    """TODO."""

    all_nodes: bool | None = None
    """TODO."""
    allow_multiple_allocations: bool | None = None
    """TODO."""
    attributes: Mapping[str, DeviceAttribute] = {}
    """TODO."""
    binding_conditions: tuple[str, ...] = ()
    """TODO."""
    binding_failure_conditions: tuple[str, ...] = ()
    """TODO."""
    binds_to_node: bool | None = None
    """TODO."""
    capacity: Mapping[str, DeviceCapacity] = {}
    """TODO."""
    consumes_counters: tuple[DeviceCounterConsumption, ...] = ()
    """TODO."""
    name: str
    """Name of the object."""
    node_allocatable_resource_mappings: Mapping[str, NodeAllocatableResourceMapping] = {}
    """TODO."""
    node_name: str | None = None
    """TODO."""
    node_selector: NodeSelector | None = None
    """TODO."""
    taints: tuple[DeviceTaint, ...] = ()
    """TODO."""


class DeviceClaimConfiguration(ApiStruct):
    """TODO."""

    opaque: OpaqueDeviceConfiguration | None = None
    """TODO."""
    requests: tuple[str, ...] = ()
    """TODO."""


class DeviceConstraint(ApiStruct):
    """TODO."""

    distinct_attribute: str | None = None
    """TODO."""
    match_attribute: str | None = None
    """TODO."""
    requests: tuple[str, ...] = ()
    """TODO."""


class DeviceSelector(ApiStruct):
    """TODO."""

    cel: CELDeviceSelector | None = None
    """TODO."""


class DeviceSubRequest(ApiStruct):
    """TODO."""

    allocation_mode: str = ""
    """TODO."""
    capacity: CapacityRequirements | None = None
    """TODO."""
    count: int = 0
    """TODO."""
    device_class_name: str
    """TODO."""
    name: str
    """Name of the object."""
    selectors: tuple[DeviceSelector, ...] = ()
    """TODO."""
    tolerations: tuple[DeviceToleration, ...] = ()
    """TODO."""


class ExactDeviceRequest(ApiStruct):
    """TODO."""

    admin_access: bool | None = None
    """TODO."""
    allocation_mode: str = ""
    """TODO."""
    capacity: CapacityRequirements | None = None
    """TODO."""
    count: int = 0
    """TODO."""
    device_class_name: str
    """TODO."""
    selectors: tuple[DeviceSelector, ...] = ()
    """TODO."""
    tolerations: tuple[DeviceToleration, ...] = ()
    """TODO."""


class DeviceRequest(ApiStruct):
    """TODO."""

    exactly: ExactDeviceRequest | None = None
    """TODO."""
    first_available: tuple[DeviceSubRequest, ...] = ()
    """TODO."""
    name: str
    """Name of the object."""


class DeviceClaim(ApiStruct):
    """TODO."""

    config: tuple[DeviceClaimConfiguration, ...] = ()
    """TODO."""
    constraints: tuple[DeviceConstraint, ...] = ()
    """TODO."""
    requests: tuple[DeviceRequest, ...] = ()
    """TODO."""


class DeviceClassConfiguration(ApiStruct):
    """TODO."""

    opaque: OpaqueDeviceConfiguration | None = None
    """TODO."""


class DeviceClassSpec(ApiStruct):
    """TODO."""

    config: tuple[DeviceClassConfiguration, ...] = ()
    """TODO."""
    extended_resource_name: str | None = None
    """TODO."""
    selectors: tuple[DeviceSelector, ...] = ()
    """TODO."""


class DeviceClass(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: DeviceClassSpec
    """What is wanted."""


class ResourceClaimSpec(ApiStruct):
    """TODO."""

    devices: DeviceClaim | None = None
    """TODO."""


class ResourceClaimConsumerReference(ApiStruct):
    """TODO."""

    api_group: str = ""
    """Group of the object."""
    name: str
    """Name of the object."""
    resource: str
    """TODO."""
    uid: str
    """Uid of the object."""


class ResourceClaimStatus(ApiStruct):
    """TODO."""

    allocation: AllocationResult | None = None
    """TODO."""
    devices: Annotated[
        tuple[AllocatedDeviceStatus, ...], ListMap("driver", "device", "pool", "shareID")
    ] = ()
    """TODO."""
    reserved_for: Annotated[
        tuple[ResourceClaimConsumerReference, ...], ListMap("uid"), PatchMerge("uid")
    ] = ()
    """TODO."""


class ResourceClaim(ApiStruct):
    """A claim of the pod that a container uses."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceClaimSpec
    """What is wanted."""
    status: ResourceClaimStatus = ResourceClaimStatus()
    """What was observed last."""


class ResourceClaimTemplateSpec(ApiStruct):
    """TODO."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceClaimSpec
    """What is wanted."""


class ResourceClaimTemplate(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceClaimTemplateSpec
    """What is wanted."""


class ResourcePool(ApiStruct):
    """TODO."""

    generation: int
    """TODO."""
    name: str
    """Name of the object."""
    resource_slice_count: int
    """TODO."""


class ResourceSliceSpec(ApiStruct):
    """TODO."""

    all_nodes: bool | None = None
    """TODO."""
    devices: tuple[Device, ...] = ()
    """TODO."""
    driver: str
    """TODO."""
    node_name: str | None = None
    """TODO."""
    node_selector: NodeSelector | None = None
    """TODO."""
    per_device_node_selection: bool | None = None
    """TODO."""
    pool: ResourcePool
    """TODO."""
    shared_counters: tuple[CounterSet, ...] = ()
    """TODO."""


class ResourceSlice(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceSliceSpec
    """What is wanted."""
