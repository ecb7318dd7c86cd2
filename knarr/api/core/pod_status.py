"""The types of pod status in core/v1."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.container_status import ContainerStatus
from knarr.api.core.resources import ResourceRequirements
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge, written


class ContainerExtendedResourceRequest(ApiStruct):
    """A container's extended resource and the claim's request that answers it."""

    container_name: str
    """Container that asks."""
    request_name: str
    """Request of the claim."""
    resource_name: str
    """Extended resource that is asked for."""


class HostIP(ApiStruct):
    """An address of the host."""

    ip: str
    """The address."""


class NodeAllocatableResourceClaimStatus(ApiStruct):
    """Node resources that a claim brought."""

    containers: Annotated[tuple[str, ...], ListSet()] = ()
    """Containers that use them."""
    resource_claim_name: str
    """Name of the claim."""
    resources: Mapping[str, Quantity]
    """How much of each resource."""


class PodCondition(ApiStruct):
    """One thing about how a pod is."""

    last_probe_time: Time | None = written(default=None)
    """Moment it was last looked at; not written."""
    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """PodScheduled, PodReadyToStartContainers, Initialized, ContainersReady, Ready and others."""
    status: str
    """What was observed last."""


class PodExtendedResourceClaimStatus(ApiStruct):
    """The claim made for a pod's extended resources."""

    request_mappings: tuple[ContainerExtendedResourceRequest, ...]
    """Which request answers which container."""
    resource_claim_name: str
    """Name of the claim."""


class PodIP(ApiStruct):
    """An address of the pod."""

    ip: str
    """The address."""


class PodResourceClaimStatus(ApiStruct):
    """The claim made for one of a pod's templates."""

    name: str
    """Name within the pod."""
    resource_claim_name: str | None = None
    """Name of the claim that was made."""


class PodStatus(ApiStruct):
    """How a pod is."""

    allocated_resources: Mapping[str, Quantity] = {}
    """Resources the node has set aside for the pod as a whole."""
    conditions: Annotated[tuple[PodCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""
    container_statuses: tuple[ContainerStatus, ...] = ()
    """How its containers are."""
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()
    """How its ephemeral containers are."""
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
    """Claim made for its extended resources."""
    host_ip: str = ""
    """Address of its node."""
    host_ips: Annotated[tuple[HostIP, ...], PatchMerge("ip")] = ()
    """Addresses of its node, one per family."""
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    """How its init containers are."""
    message: str = ""
    """Why, in words for people."""
    node_allocatable_resource_claim_statuses: tuple[NodeAllocatableResourceClaimStatus, ...] = ()
    """Node resources that claims brought."""
    nominated_node_name: str = ""
    """Node on which room is being made for it."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    phase: str = ""
    """Pending, Running, Succeeded, Failed or Unknown."""
    pod_ip: str = ""
    """Its address."""
    pod_ips: Annotated[tuple[PodIP, ...], ListMap("ip"), PatchMerge("ip")] = ()
    """Its addresses, one per family; the first is podIP."""
    qos_class: str = ""
    """Guaranteed, Burstable or BestEffort: who goes first when the node runs short."""
    reason: str = ""
    """Why it is as it is, in one word, such as Evicted."""
    resize: str = ""
    """How far a change of resources has come. Conditions took its place."""
    resource_claim_statuses: Annotated[
        tuple[PodResourceClaimStatus, ...], ListMap("name"), PatchMerge("name", retain_keys=True)
    ] = ()
    """Claims made from its templates."""
    resources: ResourceRequirements | None = None
    """Resources of the pod as a whole at present."""
    start_time: Time | None = None
    """Moment its node took it up."""
