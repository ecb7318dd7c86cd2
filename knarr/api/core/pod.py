"""TODO."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.affinity import Affinity
from knarr.api.core.container import Container, EphemeralContainer
from knarr.api.core.pod_status import PodStatus
from knarr.api.core.references import LocalObjectReference
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import (
    PodSchedulingGate,
    PodSchedulingGroup,
    Toleration,
    TopologySpreadConstraint,
)
from knarr.api.core.security import PodSecurityContext
from knarr.api.core.volume import Volume
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Quantity
from knarr.api.structs import ApiStruct, Atomic, ListMap, PatchMerge


class HostAlias(ApiStruct):
    """TODO."""

    hostnames: tuple[str, ...] = ()
    """TODO."""
    ip: str
    """TODO."""


class PodDNSConfigOption(ApiStruct):
    """TODO."""

    name: str = ""
    """TODO."""
    value: str | None = None
    """TODO."""


class PodDNSConfig(ApiStruct):
    """TODO."""

    nameservers: tuple[str, ...] = ()
    """TODO."""
    options: tuple[PodDNSConfigOption, ...] = ()
    """TODO."""
    searches: tuple[str, ...] = ()
    """TODO."""


class PodOS(ApiStruct):
    """TODO."""

    name: str
    """TODO."""


class PodReadinessGate(ApiStruct):
    """TODO."""

    condition_type: str
    """TODO."""


class PodResourceClaim(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    resource_claim_name: str | None = None
    """TODO."""
    resource_claim_template_name: str | None = None
    """TODO."""


class PodSpec(ApiStruct):
    """TODO."""

    active_deadline_seconds: int | None = None
    """TODO."""
    affinity: Affinity | None = None
    """TODO."""
    automount_service_account_token: bool | None = None
    """TODO."""
    containers: Annotated[tuple[Container, ...], ListMap("name"), PatchMerge("name")]
    """TODO."""
    dns_config: PodDNSConfig | None = None
    """TODO."""
    dns_policy: str = ""
    """TODO."""
    enable_service_links: bool | None = None
    """TODO."""
    ephemeral_containers: Annotated[
        tuple[EphemeralContainer, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    host_aliases: Annotated[tuple[HostAlias, ...], ListMap("ip"), PatchMerge("ip")] = ()
    """TODO."""
    host_ipc: bool = False
    """TODO."""
    host_network: bool = False
    """TODO."""
    host_pid: bool = False
    """TODO."""
    host_users: bool | None = None
    """TODO."""
    hostname: str = ""
    """TODO."""
    hostname_override: str | None = None
    """TODO."""
    image_pull_secrets: Annotated[
        tuple[LocalObjectReference, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    init_containers: Annotated[tuple[Container, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""
    node_name: str = ""
    """TODO."""
    node_selector: Annotated[Mapping[str, str], Atomic()] = {}
    """TODO."""
    os: PodOS | None = None
    """TODO."""
    overhead: Mapping[str, Quantity] = {}
    """TODO."""
    preemption_policy: str | None = None
    """TODO."""
    priority: Int32 | None = None
    """TODO."""
    priority_class_name: str = ""
    """TODO."""
    readiness_gates: tuple[PodReadinessGate, ...] = ()
    """TODO."""
    resource_claims: Annotated[
        tuple[PodResourceClaim, ...], ListMap("name"), PatchMerge("name", retain_keys=True)
    ] = ()
    """TODO."""
    resources: ResourceRequirements | None = None
    """TODO."""
    restart_policy: str = ""
    """TODO."""
    runtime_class_name: str | None = None
    """TODO."""
    scheduler_name: str = ""
    """TODO."""
    scheduling_gates: Annotated[
        tuple[PodSchedulingGate, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """TODO."""
    scheduling_group: PodSchedulingGroup | None = None
    """TODO."""
    security_context: PodSecurityContext | None = None
    """TODO."""
    service_account: str = ""
    """TODO."""
    service_account_name: str = ""
    """TODO."""
    set_hostname_as_fqdn: bool | None = None
    """TODO."""
    share_process_namespace: bool | None = None
    """TODO."""
    subdomain: str = ""
    """TODO."""
    termination_grace_period_seconds: int | None = None
    """TODO."""
    tolerations: tuple[Toleration, ...] = ()
    """TODO."""
    topology_spread_constraints: Annotated[
        tuple[TopologySpreadConstraint, ...],
        ListMap("topologyKey", "whenUnsatisfiable"),
        PatchMerge("topologyKey"),
    ] = ()
    """TODO."""
    volumes: Annotated[
        tuple[Volume, ...], ListMap("name"), PatchMerge("name", retain_keys=True)
    ] = ()
    """TODO."""


class Pod(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: PodSpec = PodSpec(containers=())
    """TODO."""
    status: PodStatus = PodStatus()
    """TODO."""


class PodTemplateSpec(ApiStruct):
    """TODO."""

    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: PodSpec = PodSpec(containers=())
    """TODO."""
