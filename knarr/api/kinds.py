"""The table of kinds: every resource the API serves, one row each.

Discovery, routing, authorization, the CLI and garbage collection read it.
CustomResourceDefinitions add rows at run time, in a `KindTable` of the
server's own. A row names its type by path, so that a program which needs one
kind does not import them all.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import import_module

from msgspec import Struct

from knarr.api.structs import ApiStruct

ALL_VERBS = (
    "create",
    "delete",
    "deletecollection",
    "get",
    "list",
    "patch",
    "update",
    "watch",
)


class Subresource(Struct, frozen=True):
    """A part of a resource with an address of its own, such as `pods/status`."""

    name: str
    verbs: tuple[str, ...]
    kind: str
    group: str = ""
    version: str = ""


class PrinterColumn(Struct, frozen=True):
    """A column of a custom resource's table, and where in the object its value is."""

    name: str
    type: str
    json_path: str
    format: str = ""
    description: str = ""
    priority: int = 0


class Kind(Struct, frozen=True):
    """One resource: its names, its verbs and the type of its objects."""

    group: str
    version: str
    plural: str
    name: str
    type_path: str
    namespaced: bool = True
    verbs: tuple[str, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()
    singular: str = ""
    list_name: str = ""
    columns: tuple[PrinterColumn, ...] = ()
    """Columns that a custom resource shows after its name."""
    stored_version: str = ""
    """The version that custom objects are stored in, where it is another."""
    deprecation: str = ""
    """What every answer about a deprecated version warns of."""

    @property
    def api_version(self) -> str:
        """Group and version as `apiVersion` spells them: `v1`, `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """Plural and group as messages spell them: `pods`, `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def type(self) -> type[ApiStruct]:
        """The type of the objects. Raise LookupError for a custom resource, which has none."""
        if not self.type_path:
            raise LookupError(f"{self.resource} has no type of its own")
        return _type_at(self.type_path)


@cache
def _type_at(path: str) -> type[ApiStruct]:
    module, _, name = path.partition(":")
    found: type[ApiStruct] = getattr(import_module(f"knarr.api.{module}"), name)
    return found


_STATUS = ("get", "patch", "update")


def _status(kind: str) -> Subresource:
    return Subresource("status", _STATUS, kind)


SCALE = Subresource("scale", _STATUS, "Scale", "autoscaling", "v1")
"""The number of replicas of whatever has any."""
_PROXY = ("create", "delete", "get", "patch", "update")

BUILT_IN: tuple[Kind, ...] = (
    Kind("", "v1", "bindings", "Binding", "core.binding:Binding", verbs=("create",)),
    Kind(
        "",
        "v1",
        "componentstatuses",
        "ComponentStatus",
        "core.component_status:ComponentStatus",
        namespaced=False,
        verbs=("get", "list"),
        short_names=("cs",),
    ),
    Kind("", "v1", "configmaps", "ConfigMap", "core.config_map:ConfigMap", short_names=("cm",)),
    Kind("", "v1", "endpoints", "Endpoints", "core.endpoints:Endpoints", short_names=("ep",)),
    Kind("", "v1", "events", "Event", "core.event:Event", short_names=("ev",)),
    Kind(
        "",
        "v1",
        "limitranges",
        "LimitRange",
        "core.limit_range:LimitRange",
        short_names=("limits",),
    ),
    Kind(
        "",
        "v1",
        "namespaces",
        "Namespace",
        "core.namespace:Namespace",
        namespaced=False,
        verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
        short_names=("ns",),
        subresources=(
            Subresource("finalize", ("update",), "Namespace"),
            _status("Namespace"),
        ),
    ),
    Kind(
        "",
        "v1",
        "nodes",
        "Node",
        "core.node:Node",
        namespaced=False,
        short_names=("no",),
        subresources=(
            Subresource("proxy", _PROXY, "NodeProxyOptions"),
            _status("Node"),
        ),
    ),
    Kind(
        "",
        "v1",
        "persistentvolumeclaims",
        "PersistentVolumeClaim",
        "core.persistent_volume_claim:PersistentVolumeClaim",
        short_names=("pvc",),
        subresources=(_status("PersistentVolumeClaim"),),
    ),
    Kind(
        "",
        "v1",
        "persistentvolumes",
        "PersistentVolume",
        "core.persistent_volume:PersistentVolume",
        namespaced=False,
        short_names=("pv",),
        subresources=(_status("PersistentVolume"),),
    ),
    Kind(
        "",
        "v1",
        "pods",
        "Pod",
        "core.pod:Pod",
        short_names=("po",),
        categories=("all",),
        subresources=(
            Subresource("attach", ("create", "get"), "PodAttachOptions"),
            Subresource("binding", ("create",), "Binding"),
            Subresource("ephemeralcontainers", ("get", "patch", "update"), "Pod"),
            Subresource("eviction", ("create",), "Eviction", "policy", "v1"),
            Subresource("exec", ("create", "get"), "PodExecOptions"),
            Subresource("log", ("get",), "Pod"),
            Subresource("portforward", ("create", "get"), "PodPortForwardOptions"),
            Subresource("proxy", _PROXY, "PodProxyOptions"),
            Subresource("resize", ("get", "patch", "update"), "Pod"),
            _status("Pod"),
        ),
    ),
    Kind("", "v1", "podtemplates", "PodTemplate", "core.pod_template:PodTemplate"),
    Kind(
        "",
        "v1",
        "replicationcontrollers",
        "ReplicationController",
        "core.replication_controller:ReplicationController",
        short_names=("rc",),
        categories=("all",),
        subresources=(
            SCALE,
            _status("ReplicationController"),
        ),
    ),
    Kind(
        "",
        "v1",
        "resourcequotas",
        "ResourceQuota",
        "core.resource_quota:ResourceQuota",
        short_names=("quota",),
        subresources=(_status("ResourceQuota"),),
    ),
    Kind("", "v1", "secrets", "Secret", "core.secret:Secret"),
    Kind(
        "",
        "v1",
        "serviceaccounts",
        "ServiceAccount",
        "core.service_account:ServiceAccount",
        short_names=("sa",),
        subresources=(
            Subresource("token", ("create",), "TokenRequest", "authentication.k8s.io", "v1"),
        ),
    ),
    Kind(
        "",
        "v1",
        "services",
        "Service",
        "core.service:Service",
        short_names=("svc",),
        categories=("all",),
        subresources=(
            Subresource("proxy", _PROXY, "ServiceProxyOptions"),
            _status("Service"),
        ),
    ),
    Kind(
        "apiregistration.k8s.io",
        "v1",
        "apiservices",
        "APIService",
        "apiregistration.api_service:APIService",
        namespaced=False,
        categories=("api-extensions",),
        subresources=(_status("APIService"),),
    ),
    Kind(
        "apps",
        "v1",
        "controllerrevisions",
        "ControllerRevision",
        "apps.controller_revision:ControllerRevision",
    ),
    Kind(
        "apps",
        "v1",
        "daemonsets",
        "DaemonSet",
        "apps.daemon_set:DaemonSet",
        short_names=("ds",),
        categories=("all",),
        subresources=(_status("DaemonSet"),),
    ),
    Kind(
        "apps",
        "v1",
        "deployments",
        "Deployment",
        "apps.deployment:Deployment",
        short_names=("deploy",),
        categories=("all",),
        subresources=(
            SCALE,
            _status("Deployment"),
        ),
    ),
    Kind(
        "apps",
        "v1",
        "replicasets",
        "ReplicaSet",
        "apps.replica_set:ReplicaSet",
        short_names=("rs",),
        categories=("all",),
        subresources=(
            SCALE,
            _status("ReplicaSet"),
        ),
    ),
    Kind(
        "apps",
        "v1",
        "statefulsets",
        "StatefulSet",
        "apps.stateful_set:StatefulSet",
        short_names=("sts",),
        categories=("all",),
        subresources=(
            SCALE,
            _status("StatefulSet"),
        ),
    ),
    Kind("events.k8s.io", "v1", "events", "Event", "events.event:Event", short_names=("ev",)),
    Kind(
        "authentication.k8s.io",
        "v1",
        "selfsubjectreviews",
        "SelfSubjectReview",
        "authentication.self_subject_review:SelfSubjectReview",
        namespaced=False,
        verbs=("create",),
    ),
    Kind(
        "authentication.k8s.io",
        "v1",
        "tokenreviews",
        "TokenReview",
        "authentication.token_review:TokenReview",
        namespaced=False,
        verbs=("create",),
    ),
    Kind(
        "authorization.k8s.io",
        "v1",
        "localsubjectaccessreviews",
        "LocalSubjectAccessReview",
        "authorization.access_review:LocalSubjectAccessReview",
        verbs=("create",),
    ),
    Kind(
        "authorization.k8s.io",
        "v1",
        "selfsubjectaccessreviews",
        "SelfSubjectAccessReview",
        "authorization.access_review:SelfSubjectAccessReview",
        namespaced=False,
        verbs=("create",),
    ),
    Kind(
        "authorization.k8s.io",
        "v1",
        "selfsubjectrulesreviews",
        "SelfSubjectRulesReview",
        "authorization.access_review:SelfSubjectRulesReview",
        namespaced=False,
        verbs=("create",),
    ),
    Kind(
        "authorization.k8s.io",
        "v1",
        "subjectaccessreviews",
        "SubjectAccessReview",
        "authorization.access_review:SubjectAccessReview",
        namespaced=False,
        verbs=("create",),
    ),
    Kind(
        "autoscaling",
        "v2",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "autoscaling.horizontal_pod_autoscaler:HorizontalPodAutoscaler",
        short_names=("hpa",),
        categories=("all",),
        subresources=(_status("HorizontalPodAutoscaler"),),
    ),
    Kind(
        "autoscaling",
        "v1",
        "horizontalpodautoscalers",
        "HorizontalPodAutoscaler",
        "autoscaling.horizontal_pod_autoscaler_v1:HorizontalPodAutoscalerV1",
        short_names=("hpa",),
        categories=("all",),
        subresources=(_status("HorizontalPodAutoscaler"),),
    ),
    Kind(
        "batch",
        "v1",
        "cronjobs",
        "CronJob",
        "batch.cron_job:CronJob",
        short_names=("cj",),
        categories=("all",),
        subresources=(_status("CronJob"),),
    ),
    Kind(
        "batch",
        "v1",
        "jobs",
        "Job",
        "batch.job:Job",
        categories=("all",),
        subresources=(_status("Job"),),
    ),
    Kind(
        "certificates.k8s.io",
        "v1",
        "certificatesigningrequests",
        "CertificateSigningRequest",
        "certificates.certificate_signing_request:CertificateSigningRequest",
        namespaced=False,
        short_names=("csr",),
        subresources=(
            Subresource("approval", ("get", "patch", "update"), "CertificateSigningRequest"),
            _status("CertificateSigningRequest"),
        ),
    ),
    Kind(
        "networking.k8s.io",
        "v1",
        "ingressclasses",
        "IngressClass",
        "networking.ingress_class:IngressClass",
        namespaced=False,
    ),
    Kind(
        "networking.k8s.io",
        "v1",
        "ingresses",
        "Ingress",
        "networking.ingress:Ingress",
        short_names=("ing",),
        subresources=(_status("Ingress"),),
    ),
    Kind(
        "networking.k8s.io",
        "v1",
        "ipaddresses",
        "IPAddress",
        "networking.ip_address:IPAddress",
        namespaced=False,
        short_names=("ip",),
    ),
    Kind(
        "networking.k8s.io",
        "v1",
        "networkpolicies",
        "NetworkPolicy",
        "networking.network_policy:NetworkPolicy",
        short_names=("netpol",),
    ),
    Kind(
        "networking.k8s.io",
        "v1",
        "servicecidrs",
        "ServiceCIDR",
        "networking.service_cidr:ServiceCIDR",
        namespaced=False,
        subresources=(_status("ServiceCIDR"),),
    ),
    Kind(
        "policy",
        "v1",
        "poddisruptionbudgets",
        "PodDisruptionBudget",
        "policy.pod_disruption_budget:PodDisruptionBudget",
        short_names=("pdb",),
        subresources=(_status("PodDisruptionBudget"),),
    ),
    Kind(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterrolebindings",
        "ClusterRoleBinding",
        "rbac.cluster_role_binding:ClusterRoleBinding",
        namespaced=False,
    ),
    Kind(
        "rbac.authorization.k8s.io",
        "v1",
        "clusterroles",
        "ClusterRole",
        "rbac.cluster_role:ClusterRole",
        namespaced=False,
    ),
    Kind(
        "rbac.authorization.k8s.io",
        "v1",
        "rolebindings",
        "RoleBinding",
        "rbac.role_binding:RoleBinding",
    ),
    Kind("rbac.authorization.k8s.io", "v1", "roles", "Role", "rbac.role:Role"),
    Kind(
        "storage.k8s.io",
        "v1",
        "csidrivers",
        "CSIDriver",
        "storage.csi_driver:CSIDriver",
        namespaced=False,
    ),
    Kind(
        "storage.k8s.io", "v1", "csinodes", "CSINode", "storage.csi_node:CSINode", namespaced=False
    ),
    Kind(
        "storage.k8s.io",
        "v1",
        "csistoragecapacities",
        "CSIStorageCapacity",
        "storage.csi_storage_capacity:CSIStorageCapacity",
    ),
    Kind(
        "storage.k8s.io",
        "v1",
        "storageclasses",
        "StorageClass",
        "storage.storage_class:StorageClass",
        namespaced=False,
        short_names=("sc",),
    ),
    Kind(
        "storage.k8s.io",
        "v1",
        "volumeattachments",
        "VolumeAttachment",
        "storage.volume_attachment:VolumeAttachment",
        namespaced=False,
        subresources=(_status("VolumeAttachment"),),
    ),
    Kind(
        "storage.k8s.io",
        "v1",
        "volumeattributesclasses",
        "VolumeAttributesClass",
        "storage.volume_attributes_class:VolumeAttributesClass",
        namespaced=False,
        short_names=("vac",),
    ),
    Kind(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingadmissionpolicies",
        "MutatingAdmissionPolicy",
        "admissionregistration.mutating_admission_policy:MutatingAdmissionPolicy",
        namespaced=False,
        categories=("api-extensions",),
    ),
    Kind(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingadmissionpolicybindings",
        "MutatingAdmissionPolicyBinding",
        "admissionregistration.mutating_admission_policy:MutatingAdmissionPolicyBinding",
        namespaced=False,
        categories=("api-extensions",),
    ),
    Kind(
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        "MutatingWebhookConfiguration",
        "admissionregistration.webhook_configuration:MutatingWebhookConfiguration",
        namespaced=False,
        categories=("api-extensions",),
    ),
    Kind(
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicies",
        "ValidatingAdmissionPolicy",
        "admissionregistration.validating_admission_policy:ValidatingAdmissionPolicy",
        namespaced=False,
        categories=("api-extensions",),
        subresources=(_status("ValidatingAdmissionPolicy"),),
    ),
    Kind(
        "admissionregistration.k8s.io",
        "v1",
        "validatingadmissionpolicybindings",
        "ValidatingAdmissionPolicyBinding",
        "admissionregistration.validating_admission_policy:ValidatingAdmissionPolicyBinding",
        namespaced=False,
        categories=("api-extensions",),
    ),
    Kind(
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        "ValidatingWebhookConfiguration",
        "admissionregistration.webhook_configuration:ValidatingWebhookConfiguration",
        namespaced=False,
        categories=("api-extensions",),
    ),
    Kind(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        "apiextensions.custom_resource_definition:CustomResourceDefinition",
        namespaced=False,
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        subresources=(_status("CustomResourceDefinition"),),
    ),
    Kind(
        "scheduling.k8s.io",
        "v1",
        "priorityclasses",
        "PriorityClass",
        "scheduling.priority_class:PriorityClass",
        namespaced=False,
        short_names=("pc",),
    ),
    Kind("coordination.k8s.io", "v1", "leases", "Lease", "coordination.lease:Lease"),
    Kind(
        "node.k8s.io",
        "v1",
        "runtimeclasses",
        "RuntimeClass",
        "node.runtime_class:RuntimeClass",
        namespaced=False,
    ),
    Kind(
        "discovery.k8s.io",
        "v1",
        "endpointslices",
        "EndpointSlice",
        "discovery.endpoint_slice:EndpointSlice",
    ),
    Kind(
        "resource.k8s.io",
        "v1",
        "deviceclasses",
        "DeviceClass",
        "resource.dynamic_resources:DeviceClass",
        namespaced=False,
    ),
    Kind(
        "resource.k8s.io",
        "v1",
        "resourceclaims",
        "ResourceClaim",
        "resource.dynamic_resources:ResourceClaim",
        subresources=(_status("ResourceClaim"),),
    ),
    Kind(
        "resource.k8s.io",
        "v1",
        "resourceclaimtemplates",
        "ResourceClaimTemplate",
        "resource.dynamic_resources:ResourceClaimTemplate",
    ),
    Kind(
        "resource.k8s.io",
        "v1",
        "resourceslices",
        "ResourceSlice",
        "resource.dynamic_resources:ResourceSlice",
        namespaced=False,
    ),
    Kind(
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "flowschemas",
        "FlowSchema",
        "flowcontrol.flow_schema:FlowSchema",
        namespaced=False,
        subresources=(_status("FlowSchema"),),
    ),
    Kind(
        "flowcontrol.apiserver.k8s.io",
        "v1",
        "prioritylevelconfigurations",
        "PriorityLevelConfiguration",
        "flowcontrol.priority_level_configuration:PriorityLevelConfiguration",
        namespaced=False,
        subresources=(_status("PriorityLevelConfiguration"),),
    ),
)


METRICS: tuple[Kind, ...] = (
    Kind(
        "metrics.k8s.io",
        "v1beta1",
        "nodes",
        "NodeMetrics",
        "metrics.node_metrics:NodeMetrics",
        namespaced=False,
        verbs=("get", "list"),
    ),
    Kind(
        "metrics.k8s.io",
        "v1beta1",
        "pods",
        "PodMetrics",
        "metrics.pod_metrics:PodMetrics",
        verbs=("get", "list"),
    ),
)
"""What a server adds once it can ask kubelets what nodes and pods use."""


_BUILT_IN_GROUPS = frozenset(kind.group for kind in BUILT_IN)


class KindTable:
    """The kinds a server serves, found by any of their names. Built-in rows cannot leave."""

    def __init__(self, extra: Iterable[Kind] = ()) -> None:
        self._by_resource: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str, str], Kind] = {}
        self._group_versions: Counter[tuple[str, str]] = Counter()
        self.changes = 0
        """Counts what was added and removed, so that whoever keeps something made of it knows."""
        for kind in (*BUILT_IN, *extra):
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_resource.values())

    def add(self, kind: Kind) -> None:
        """Serve one kind more, or replace the row of the same resource."""
        self.changes += 1
        if (kind.group, kind.version, kind.plural) not in self._by_resource:
            self._group_versions[kind.group, kind.version] += 1
        self._by_resource[kind.group, kind.version, kind.plural] = kind
        self._by_kind[kind.group, kind.version, kind.name] = kind

    def remove(self, kind: Kind) -> None:
        """Serve a kind no longer."""
        if self._by_resource.pop((kind.group, kind.version, kind.plural), None) is None:
            return
        self.changes += 1
        self._group_versions -= Counter({(kind.group, kind.version): 1})
        self._by_kind.pop((kind.group, kind.version, kind.name), None)

    def serves(self, group: str, version: str) -> bool:
        """Whether there is any kind of this group and version."""
        return (group, version) in self._group_versions

    def is_custom(self, group: str) -> bool:
        """Whether all kinds of a group are defined at run time."""
        return group not in _BUILT_IN_GROUPS

    def by_resource(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind with these names in a URL, or None."""
        return self._by_resource.get((group, version, plural))

    def by_kind(self, api_version: str, name: str) -> Kind | None:
        """The kind with these names in a manifest, or None."""
        group, _, version = api_version.rpartition("/")
        return self._by_kind.get((group, version, name))


BUILT_IN_TABLE = KindTable()
"""The built-in kinds alone. Nobody adds to it; a server that does makes its own table."""

_BY_TYPE_PATH = {kind.type_path: kind for kind in (*BUILT_IN, *METRICS)}


@cache
def kind_of(object_type: type[ApiStruct]) -> Kind:
    """The row of a type, or of a tag's kind. Raise LookupError when the type is neither."""
    served_as: Kind | None = getattr(object_type, "served_as", None)
    if served_as is not None:
        return served_as
    path = f"{object_type.__module__.removeprefix('knarr.api.')}:{object_type.__name__}"
    return _BY_TYPE_PATH[path]
