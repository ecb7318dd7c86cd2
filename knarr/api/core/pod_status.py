"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.container_status import ContainerStatus
from knarr.api.core.resources import ResourceRequirements
from knarr.api.scalars import Quantity, Time
from knarr.api.structs import ApiStruct, ListMap, ListSet, PatchMerge, written


class ContainerExtendedResourceRequest(ApiStruct):
    """TODO."""

    container_name: str
    """TODO."""
    request_name: str
    """TODO."""
    resource_name: str
    """TODO."""


class HostIP(ApiStruct):
    """TODO."""

    ip: str
    """TODO."""


class NodeAllocatableResourceClaimStatus(ApiStruct):
    """TODO."""

    containers: Annotated[tuple[str, ...], ListSet()] = ()
    """TODO."""
    resource_claim_name: str
    """TODO."""
    resources: Mapping[str, Quantity]
    """TODO."""


class PodCondition(ApiStruct):
    """TODO."""

    last_probe_time: Time | None = written(default=None)
    """TODO."""
    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class PodExtendedResourceClaimStatus(ApiStruct):
    """TODO."""

    request_mappings: tuple[ContainerExtendedResourceRequest, ...]
    """TODO."""
    resource_claim_name: str
    """TODO."""


class PodIP(ApiStruct):
    """TODO."""

    ip: str
    """TODO."""


class PodResourceClaimStatus(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    resource_claim_name: str | None = None
    """TODO."""


class PodStatus(ApiStruct):
    """TODO."""

    allocated_resources: Mapping[str, Quantity] = {}
    """TODO."""
    conditions: Annotated[tuple[PodCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""
    container_statuses: tuple[ContainerStatus, ...] = ()
    """TODO."""
    ephemeral_container_statuses: tuple[ContainerStatus, ...] = ()
    """TODO."""
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
    """TODO."""
    host_ip: str = ""
    """TODO."""
    host_ips: Annotated[tuple[HostIP, ...], PatchMerge("ip")] = ()
    """TODO."""
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    """TODO."""
    message: str = ""
    """TODO."""
    node_allocatable_resource_claim_statuses: tuple[NodeAllocatableResourceClaimStatus, ...] = ()
    """TODO."""
    nominated_node_name: str = ""
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    phase: str = ""
    """TODO."""
    pod_ip: str = ""
    """TODO."""
    pod_ips: Annotated[tuple[PodIP, ...], ListMap("ip"), PatchMerge("ip")] = ()
    """TODO."""
    qos_class: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    resize: str = ""
    """TODO."""
    resource_claim_statuses: Annotated[
        tuple[PodResourceClaimStatus, ...], ListMap("name"), PatchMerge("name", retain_keys=True)
    ] = ()
    """TODO."""
    resources: ResourceRequirements | None = None
    """TODO."""
    start_time: Time | None = None
    """TODO."""
