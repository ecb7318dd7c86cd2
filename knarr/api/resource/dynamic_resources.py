"""The types of dynamic resources in resource."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.affinity import NodeSelector
from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity, Raw, Time
from knarr.api.structs import ApiStruct, Defaulted, ListMap, PatchMerge


class NetworkDeviceData(ApiStruct):
    """A device of the network."""

    hardware_address: str = ""
    """Its hardware address."""
    interface_name: str = ""
    """Name of its interface in the pod."""
    ips: tuple[str, ...] = ()
    """Its addresses."""


class AllocatedDeviceStatus(ApiStruct):
    """How an allocated device is."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type")] = ()
    """What holds and what does not, one entry a type."""
    data: Raw | None = None
    """More, in the driver's own form."""
    device: str
    """Name of the device."""
    driver: str
    """Name of the driver."""
    network_data: NetworkDeviceData | None = None
    """For a device of the network."""
    pool: str
    """Pool the device is of."""
    share_id: str | None = None
    """Id of the share of a device that several use."""


class OpaqueDeviceConfiguration(ApiStruct):
    """Settings that only a driver understands."""

    driver: str
    """Name of the driver."""
    parameters: Raw
    """The settings."""


class DeviceAllocationConfiguration(ApiStruct):
    """Settings of allocated devices."""

    opaque: OpaqueDeviceConfiguration | None = None
    """Settings for the driver."""
    requests: tuple[str, ...] = ()
    """Requests they are for; all when empty."""
    source: str
    """FromClass or FromClaim."""


class DeviceToleration(ApiStruct):
    """A taint of devices that is put up with."""

    effect: str = ""
    """Effect that is tolerated; any when empty."""
    key: str = ""
    """Taint that is tolerated."""
    operator: Annotated[str, Defaulted("Equal")] = ""
    """Equal or Exists. The server fills in Equal."""
    toleration_seconds: int | None = None
    """Seconds a NoExecute taint is tolerated; for ever when absent."""
    value: str = ""
    """Value of the taint, for Equal."""


class DeviceRequestAllocationResult(ApiStruct):
    """A device that answers a request."""

    admin_access: bool | None = None
    """Whether it is used for watching over others."""
    binding_conditions: tuple[str, ...] = ()
    """Conditions that must hold before the pod is bound."""
    binding_failure_conditions: tuple[str, ...] = ()
    """Conditions that mean it will not come about."""
    consumed_capacity: Mapping[str, Quantity] = {}
    """What of its capacity is used."""
    device: str
    """Name of the device."""
    driver: str
    """Name of the driver."""
    pool: str
    """Pool the device is of."""
    request: str
    """The request."""
    share_id: str | None = None
    """Id of the share of a device that several use."""
    tolerations: tuple[DeviceToleration, ...] = ()
    """Taints that are put up with."""


class DeviceAllocationResult(ApiStruct):
    """The devices of a claim."""

    config: tuple[DeviceAllocationConfiguration, ...] = ()
    """Their settings."""
    results: tuple[DeviceRequestAllocationResult, ...] = ()
    """The devices."""


class AllocationResult(ApiStruct):
    """What a claim got."""

    allocation_timestamp: Time | None = None
    """Moment it got it."""
    devices: DeviceAllocationResult | None = None
    """The devices."""
    node_selector: NodeSelector | None = None
    """Nodes on which they can be used."""


class CELDeviceSelector(ApiStruct):
    """Chooses devices by an expression."""

    expression: str
    """CEL expression over `device`."""


class CapacityRequestPolicyRange(ApiStruct):
    """Amounts that may be asked for."""

    max: Quantity | None = None
    """Most."""
    min: Quantity
    """Least."""
    step: Quantity | None = None
    """Distance between amounts."""


class CapacityRequestPolicy(ApiStruct):
    """What amounts of a capacity may be asked for."""

    default: Quantity | None = None
    """Amount when none is asked for."""
    valid_range: CapacityRequestPolicyRange | None = None
    """Amounts that may be asked for, as a range."""
    valid_values: tuple[Quantity, ...] = ()
    """Amounts that may be asked for, one by one."""


class CapacityRequirements(ApiStruct):
    """How much of a device's capacities is asked for."""

    requests: Mapping[str, Quantity] = {}
    """Amounts by capacity."""


class Counter(ApiStruct):
    """Something countable that devices share."""

    value: Quantity
    """How much there is."""


class CounterSet(ApiStruct):
    """Counters that devices share."""

    counters: Mapping[str, Counter]
    """The counters."""
    name: str
    """Name of the object."""


class DeviceAttribute(ApiStruct):
    """A property of a device; exactly one is set."""

    bool_: bool | None = None
    """A truth."""
    bools: tuple[bool, ...] = ()
    """Truths."""
    int_: int | None = None
    """A number."""
    ints: tuple[int, ...] = ()
    """Numbers."""
    string: str | None = None
    """A text."""
    strings: tuple[str, ...] = ()
    """Texts."""
    version: str | None = None
    """A version."""
    versions: tuple[str, ...] = ()
    """Versions."""


class DeviceCapacity(ApiStruct):
    """A capacity of a device."""

    request_policy: CapacityRequestPolicy | None = None
    """What amounts may be asked for."""
    value: Quantity
    """How much there is."""


class DeviceCounterConsumption(ApiStruct):
    """What a device takes of shared counters."""

    counter_set: str
    """The set."""
    counters: Mapping[str, Counter]
    """Amounts by counter."""


class DeviceTaint(ApiStruct):
    """A mark that keeps pods away from a device."""

    effect: str
    """None, NoSchedule or NoExecute."""
    key: str
    """Name of the mark."""
    time_added: Time | None = None
    """Moment it was set."""
    value: str = ""
    """Value of the mark."""


class NodeAllocatableResourceMapping(ApiStruct):
    """How a device counts as a resource of its node."""

    allocation_multiplier: Quantity | None = None
    """Amount per device."""
    capacity_key: str | None = None
    """Capacity that counts."""


class Device(ApiStruct):
    """A device of a node."""

    all_nodes: bool | None = None
    """Whether all nodes can use it."""
    allow_multiple_allocations: bool | None = None
    """Whether several claims can use it."""
    attributes: Mapping[str, DeviceAttribute] = {}
    """Its properties."""
    binding_conditions: tuple[str, ...] = ()
    """Conditions that must hold before a pod is bound."""
    binding_failure_conditions: tuple[str, ...] = ()
    """Conditions that mean it will not come about."""
    binds_to_node: bool | None = None
    """Whether its use binds a claim to one node."""
    capacity: Mapping[str, DeviceCapacity] = {}
    """Its capacities."""
    consumes_counters: tuple[DeviceCounterConsumption, ...] = ()
    """What it takes of shared counters."""
    name: str
    """Name of the object."""
    node_allocatable_resource_mappings: Mapping[str, NodeAllocatableResourceMapping] = {}
    """How it counts as resources of its node."""
    node_name: str | None = None
    """Node that can use it."""
    node_selector: NodeSelector | None = None
    """Nodes that can use it."""
    taints: tuple[DeviceTaint, ...] = ()
    """Marks that keep pods away."""


class DeviceClaimConfiguration(ApiStruct):
    """Settings of claimed devices."""

    opaque: OpaqueDeviceConfiguration | None = None
    """Settings for the driver."""
    requests: tuple[str, ...] = ()
    """Requests they are for; all when empty."""


class DeviceConstraint(ApiStruct):
    """What devices of a claim must have in common."""

    distinct_attribute: str | None = None
    """Property in which they must differ."""
    match_attribute: str | None = None
    """Property in which they must be the same."""
    requests: tuple[str, ...] = ()
    """Requests it is about; all when empty."""


class DeviceSelector(ApiStruct):
    """Chooses devices."""

    cel: CELDeviceSelector | None = None
    """By an expression."""


class DeviceSubRequest(ApiStruct):
    """One of several ways to answer a request."""

    allocation_mode: str = ""
    """ExactCount or All. The server fills in ExactCount."""
    capacity: CapacityRequirements | None = None
    """How much of their capacities is asked for."""
    count: int = 0
    """How many devices. The server fills in 1."""
    device_class_name: str
    """Class of the devices."""
    name: str
    """Name of the object."""
    selectors: tuple[DeviceSelector, ...] = ()
    """Choose among the devices."""
    tolerations: tuple[DeviceToleration, ...] = ()
    """Taints that are put up with."""


class ExactDeviceRequest(ApiStruct):
    """A request for devices of one class."""

    admin_access: bool | None = None
    """Whether they are used for watching over others."""
    allocation_mode: str = ""
    """ExactCount or All. The server fills in ExactCount."""
    capacity: CapacityRequirements | None = None
    """How much of their capacities is asked for."""
    count: int = 0
    """How many devices. The server fills in 1."""
    device_class_name: str
    """Class of the devices."""
    selectors: tuple[DeviceSelector, ...] = ()
    """Choose among the devices."""
    tolerations: tuple[DeviceToleration, ...] = ()
    """Taints that are put up with."""


class DeviceRequest(ApiStruct):
    """A request for devices."""

    exactly: ExactDeviceRequest | None = None
    """What is asked for."""
    first_available: tuple[DeviceSubRequest, ...] = ()
    """Ways to answer it; the first that works is taken."""
    name: str
    """Name of the object."""


class DeviceClaim(ApiStruct):
    """What devices are asked for."""

    config: tuple[DeviceClaimConfiguration, ...] = ()
    """Their settings."""
    constraints: tuple[DeviceConstraint, ...] = ()
    """What they must have in common."""
    requests: tuple[DeviceRequest, ...] = ()
    """The requests."""


class DeviceClassConfiguration(ApiStruct):
    """Settings of devices of a class."""

    opaque: OpaqueDeviceConfiguration | None = None
    """Settings for the driver."""


class DeviceClassSpec(ApiStruct):
    """What a class of devices is."""

    config: tuple[DeviceClassConfiguration, ...] = ()
    """Settings of its devices."""
    extended_resource_name: str | None = None
    """Extended resource it answers."""
    selectors: tuple[DeviceSelector, ...] = ()
    """Choose its devices."""


class DeviceClass(ApiStruct):
    """A class of devices."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: DeviceClassSpec
    """What is wanted."""


class ResourceClaimSpec(ApiStruct):
    """What is asked for."""

    devices: DeviceClaim | None = None
    """Devices that are asked for."""


class ResourceClaimConsumerReference(ApiStruct):
    """Who uses a claim."""

    api_group: str = ""
    """Group of the object."""
    name: str
    """Name of the object."""
    resource: str
    """Resource of the one who does."""
    uid: str
    """Uid of the object."""


class ResourceClaimStatus(ApiStruct):
    """What a claim got, and who uses it."""

    allocation: AllocationResult | None = None
    """What it got."""
    devices: Annotated[
        tuple[AllocatedDeviceStatus, ...], ListMap("driver", "device", "pool", "shareID")
    ] = ()
    """How its devices are."""
    reserved_for: Annotated[
        tuple[ResourceClaimConsumerReference, ...], ListMap("uid"), PatchMerge("uid")
    ] = ()
    """Who uses it."""


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
    """What claims made for pods look like."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceClaimSpec
    """What is wanted."""


class ResourceClaimTemplate(ApiStruct):
    """Makes a claim for each pod that names it."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceClaimTemplateSpec
    """What is wanted."""


class ResourcePool(ApiStruct):
    """The pool that a slice is part of."""

    generation: int
    """Changes when the pool does."""
    name: str
    """Name of the object."""
    resource_slice_count: int
    """How many slices the pool has."""


class ResourceSliceSpec(ApiStruct):
    """Devices of a driver."""

    all_nodes: bool | None = None
    """Whether all nodes can use them."""
    devices: tuple[Device, ...] = ()
    """The devices."""
    driver: str
    """Name of the driver."""
    node_name: str | None = None
    """Node that can use them."""
    node_selector: NodeSelector | None = None
    """Nodes that can use them."""
    per_device_node_selection: bool | None = None
    """Whether each device says which nodes can use it."""
    pool: ResourcePool
    """Pool the slice is part of."""
    shared_counters: tuple[CounterSet, ...] = ()
    """Counters its devices share."""


class ResourceSlice(ApiStruct):
    """Some of the devices a driver offers."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ResourceSliceSpec
    """What is wanted."""
