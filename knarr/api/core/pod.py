"""The types of pod in core/v1."""

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
    """A line of a pod's hosts file."""

    hostnames: tuple[str, ...] = ()
    """Names for the address."""
    ip: str
    """The address."""


class PodDNSConfigOption(ApiStruct):
    """An option of the resolver."""

    name: str = ""
    """Name of the option, such as ndots."""
    value: str | None = None
    """Its value, if it has one."""


class PodDNSConfig(ApiStruct):
    """Resolver settings beside, or in place of, those of dnsPolicy."""

    nameservers: tuple[str, ...] = ()
    """Further name servers."""
    options: tuple[PodDNSConfigOption, ...] = ()
    """Further options; they win over those of the policy."""
    searches: tuple[str, ...] = ()
    """Further domains to search in."""


class PodOS(ApiStruct):
    """The operating system a pod needs."""

    name: str
    """linux or windows."""


class PodReadinessGate(ApiStruct):
    """A condition that somebody else sets and readiness waits for."""

    condition_type: str
    """Type of the condition."""


class PodResourceClaim(ApiStruct):
    """A ResourceClaim that a pod uses."""

    name: str
    """Name by which containers call it."""
    resource_claim_name: str | None = None
    """Claim that is there already."""
    resource_claim_template_name: str | None = None
    """Template from which one is made for the pod."""


class PodSpec(ApiStruct):
    """What is to run, and how."""

    active_deadline_seconds: int | None = None
    """Seconds after its start at which the pod is ended, if it is not over by then."""
    affinity: Affinity | None = None
    """Rules and wishes about where it is placed."""
    automount_service_account_token: bool | None = None
    """Whether containers find the token of the service account in a file."""
    containers: Annotated[tuple[Container, ...], ListMap("name"), PatchMerge("name")]
    """The programs; at least one."""
    dns_config: PodDNSConfig | None = None
    """Resolver settings beside those of dnsPolicy."""
    dns_policy: str = ""
    """ClusterFirst, ClusterFirstWithHostNet, Default or None. The server fills in ClusterFirst."""
    enable_service_links: bool | None = None
    """Whether the namespace's Services are told as environment variables.

    The server fills in true.
    """
    ephemeral_containers: Annotated[
        tuple[EphemeralContainer, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """Containers added to the running pod for looking into it."""
    host_aliases: Annotated[tuple[HostAlias, ...], ListMap("ip"), PatchMerge("ip")] = ()
    """Further lines of the hosts file."""
    host_ipc: bool = False
    """Whether it shares the host's IPC namespace."""
    host_network: bool = False
    """Whether it uses the host's network instead of one of its own."""
    host_pid: bool = False
    """Whether it sees the host's processes."""
    host_users: bool | None = None
    """Whether it uses the host's user namespace. True when absent."""
    hostname: str = ""
    """Its host name; the pod's name when empty."""
    hostname_override: str | None = None
    """Its host name exactly as given, without any DNS name made from it."""
    image_pull_secrets: Annotated[
        tuple[LocalObjectReference, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """Secrets with passwords of image registries."""
    init_containers: Annotated[tuple[Container, ...], ListMap("name"), PatchMerge("name")] = ()
    """Programs that run to their end, one after the other, before the others start; sidecars among
    them stay.
    """
    node_name: str = ""
    """Node it runs on; set when it is placed."""
    node_selector: Annotated[Mapping[str, str], Atomic()] = {}
    """Labels that its node must have."""
    os: PodOS | None = None
    """Operating system it needs."""
    overhead: Mapping[str, Quantity] = {}
    """Resources the runtime itself needs for it; set from its runtime class."""
    preemption_policy: str | None = None
    """PreemptLowerPriority or Never. Filled in from the priority class."""
    priority: Int32 | None = None
    """The larger, the more important. Filled in from the priority class."""
    priority_class_name: str = ""
    """Class that gives the priority."""
    readiness_gates: tuple[PodReadinessGate, ...] = ()
    """Conditions beside the probes that readiness waits for."""
    resource_claims: Annotated[
        tuple[PodResourceClaim, ...], ListMap("name"), PatchMerge("name", retain_keys=True)
    ] = ()
    """ResourceClaims its containers may use."""
    resources: ResourceRequirements | None = None
    """Resources of the pod as a whole."""
    restart_policy: str = ""
    """Always, OnFailure or Never. The server fills in Always."""
    runtime_class_name: str | None = None
    """RuntimeClass it runs with."""
    scheduler_name: str = ""
    """Scheduler that places it. The server fills in default-scheduler."""
    scheduling_gates: Annotated[
        tuple[PodSchedulingGate, ...], ListMap("name"), PatchMerge("name")
    ] = ()
    """As long as any is left, the pod is not placed."""
    scheduling_group: PodSchedulingGroup | None = None
    """Group of pods it is placed together with."""
    security_context: PodSecurityContext | None = None
    """Rights of the pod and defaults for its containers."""
    service_account: str = ""
    """The same as serviceAccountName, in its old spelling."""
    service_account_name: str = ""
    """Account by which it speaks to the API. The server fills in default."""
    set_hostname_as_fqdn: bool | None = None
    """Whether its host name is the full name within the cluster's domain."""
    share_process_namespace: bool | None = None
    """Whether its containers see each other's processes."""
    subdomain: str = ""
    """Headless Service under whose name it gets a DNS name."""
    termination_grace_period_seconds: int | None = None
    """Seconds between the wish to end and the end by force. The server fills in 30."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints it puts up with."""
    topology_spread_constraints: Annotated[
        tuple[TopologySpreadConstraint, ...],
        ListMap("topologyKey", "whenUnsatisfiable"),
        PatchMerge("topologyKey"),
    ] = ()
    """How evenly it is spread with others like it."""
    volumes: Annotated[
        tuple[Volume, ...], ListMap("name"), PatchMerge("name", retain_keys=True)
    ] = ()
    """Volumes its containers may mount."""


class Pod(ApiStruct):
    """Containers that run together on one node, with one address."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PodSpec = PodSpec(containers=())
    """What is wanted."""
    status: PodStatus = PodStatus()
    """What was observed last."""


class PodTemplateSpec(ApiStruct):
    """What pods that a controller makes look like."""

    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PodSpec = PodSpec(containers=())
    """What is wanted."""
