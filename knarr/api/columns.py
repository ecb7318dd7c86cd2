"""The columns of each kind's Table, which `kubectl get` shows.

A column is its name, `:type` unless it is a string, and `*` when only
`-o wide` shows it. The cells come from each strategy's `row`.
"""

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from knarr.api.kind import Kind, PrinterColumn


class Column(Struct, frozen=True):
    """One column of a Table."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


_COLUMNS: Mapping[tuple[str, str], str] = {
    ("", "componentstatuses"): "Name | Status | Message | Error",
    ("", "configmaps"): "Name | Data | Age",
    ("", "endpoints"): "Name | Endpoints | Age",
    ("", "events"): (
        "Last Seen | Type | Reason | Object | Subobject* | Source* | Message"
        " | First Seen* | Count* | Name*"
    ),
    ("", "limitranges"): "Name | Created At:date",
    ("", "namespaces"): "Name | Status | Age",
    ("", "nodes"): (
        "Name | Status | Roles | Age | Version | Internal-IP* | External-IP* | OS-Image*"
        " | Kernel-Version* | Container-Runtime*"
    ),
    ("", "persistentvolumeclaims"): (
        "Name | Status | Volume | Capacity | Access Modes | StorageClass"
        " | VolumeAttributesClass | Age | VolumeMode*"
    ),
    ("", "persistentvolumes"): (
        "Name | Capacity | Access Modes | Reclaim Policy | Status | Claim | StorageClass"
        " | VolumeAttributesClass | Reason | Age | VolumeMode*"
    ),
    ("", "pods"): (
        "Name | Ready | Status | Restarts | Age | IP* | Node* | Nominated Node* | Readiness Gates*"
    ),
    ("", "podtemplates"): "Name | Containers | Images | Pod Labels",
    ("", "replicationcontrollers"): (
        "Name | Desired:integer | Current:integer | Ready:integer | Age | Containers*"
        " | Images* | Selector*"
    ),
    ("", "resourcequotas"): "Name | Request | Limit | Age",
    ("", "secrets"): "Name | Type | Data | Age",
    ("", "serviceaccounts"): "Name | Age",
    ("", "services"): "Name | Type | Cluster-IP | External-IP | Port(s) | Age | Selector*",
    ("apiregistration.k8s.io", "apiservices"): "Name | Service | Available | Age",
    ("apps", "controllerrevisions"): "Name | Controller | Revision | Age",
    ("apps", "daemonsets"): (
        "Name | Desired:integer | Current:integer | Ready:integer | Up-to-date:integer"
        " | Available:integer | Node Selector | Age | Containers* | Images* | Selector*"
    ),
    ("apps", "deployments"): (
        "Name | Ready | Up-to-date | Available | Age | Containers* | Images* | Selector*"
    ),
    ("apps", "replicasets"): (
        "Name | Desired:integer | Current:integer | Ready:integer | Age | Containers*"
        " | Images* | Selector*"
    ),
    ("apps", "statefulsets"): "Name | Ready | Age | Containers* | Images*",
    ("events.k8s.io", "events"): (
        "Last Seen | Type | Reason | Object | Subobject* | Source* | Message"
        " | First Seen* | Count* | Name*"
    ),
    ("autoscaling", "horizontalpodautoscalers"): (
        "Name | Reference | Targets | MinPods | MaxPods | Replicas | Age"
    ),
    ("batch", "cronjobs"): (
        "Name | Schedule | Timezone | Suspend:boolean | Active:integer | Last Schedule"
        " | Age | Containers* | Images* | Selector*"
    ),
    ("batch", "jobs"): (
        "Name | Status | Completions | Duration | Age | Containers* | Images* | Selector*"
    ),
    ("certificates.k8s.io", "certificatesigningrequests"): (
        "Name | Age | SignerName | Requestor | RequestedDuration | Condition"
    ),
    ("networking.k8s.io", "ingressclasses"): "Name | Controller | Parameters | Age",
    ("networking.k8s.io", "ingresses"): "Name | Class | Hosts | Address | Ports | Age",
    ("networking.k8s.io", "ipaddresses"): "Name | ParentRef",
    ("networking.k8s.io", "networkpolicies"): "Name | Pod-Selector | Age",
    ("networking.k8s.io", "servicecidrs"): "Name | CIDRs | Age",
    ("policy", "poddisruptionbudgets"): (
        "Name | Min Available | Max Unavailable | Allowed Disruptions:integer | Age"
    ),
    ("rbac.authorization.k8s.io", "clusterrolebindings"): (
        "Name | Role | Age | Users* | Groups* | ServiceAccounts*"
    ),
    ("rbac.authorization.k8s.io", "clusterroles"): "Name | Created At:date",
    ("rbac.authorization.k8s.io", "rolebindings"): (
        "Name | Role | Age | Users* | Groups* | ServiceAccounts*"
    ),
    ("rbac.authorization.k8s.io", "roles"): "Name | Created At:date",
    ("storage.k8s.io", "csidrivers"): (
        "Name | AttachRequired:boolean | PodInfoOnMount:boolean | StorageCapacity:boolean"
        " | TokenRequests | RequiresRepublish:boolean | Modes | Age"
    ),
    ("storage.k8s.io", "csinodes"): "Name | Drivers:integer | Age",
    ("storage.k8s.io", "csistoragecapacities"): "Name | Created At:date",
    ("storage.k8s.io", "storageclasses"): (
        "Name | Provisioner | ReclaimPolicy | VolumeBindingMode | AllowVolumeExpansion | Age"
    ),
    ("storage.k8s.io", "volumeattachments"): "Name | Attacher | PV | Node | Attached:boolean | Age",
    ("storage.k8s.io", "volumeattributesclasses"): "Name | DriverName | Age",
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"): (
        "Name | Mutations:integer | ParamKind | Age"
    ),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"): (
        "Name | PolicyName | ParamRef | Age"
    ),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): (
        "Name | Webhooks:integer | Age"
    ),
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): (
        "Name | Validations:integer | ParamKind | Age"
    ),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): (
        "Name | PolicyName | ParamRef | Age"
    ),
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): (
        "Name | Webhooks:integer | Age"
    ),
    ("apiextensions.k8s.io", "customresourcedefinitions"): "Name | Created At:date",
    ("scheduling.k8s.io", "priorityclasses"): (
        "Name | Value:integer | Global-Default:boolean | Age | PreemptionPolicy"
    ),
    ("coordination.k8s.io", "leases"): "Name | Holder | Age",
    ("node.k8s.io", "runtimeclasses"): "Name | Handler | Age",
    ("discovery.k8s.io", "endpointslices"): "Name | AddressType | Ports | Endpoints | Age",
    ("metrics.k8s.io", "nodes"): "Name | cpu | memory | Window",
    ("metrics.k8s.io", "pods"): "Name | cpu | memory | Window",
    ("resource.k8s.io", "deviceclasses"): "Name | Age",
    ("resource.k8s.io", "resourceclaims"): "Name | State | Age",
    ("resource.k8s.io", "resourceclaimtemplates"): "Name | Age",
    ("resource.k8s.io", "resourceslices"): "Name | Node | Driver | Pool | Age",
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): (
        "Name | PriorityLevel | MatchingPrecedence | DistinguisherMethod | Age | MissingPL"
    ),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): (
        "Name | Type | NominalConcurrencyShares | Queues | HandSize | QueueLengthLimit | Age"
    ),
}

_UNKNOWN = "Name | Age:date"
"""What kinds that are not in the table show, custom resources among them."""


def columns(kind: Kind) -> tuple[Column, ...]:
    """The columns of a kind's Table."""
    if kind.columns:
        return (*_columns("Name"), *map(_printed, kind.columns))
    return _columns(_COLUMNS.get((kind.group, kind.plural), _UNKNOWN))


def _printed(column: PrinterColumn) -> Column:
    return Column(
        name=column.name,
        type=column.type,
        format=column.format,
        priority=column.priority,
        description=column.description
        or f"Custom resource definition column (in JSONPath format): {column.json_path}",
    )


@cache
def _columns(text: str) -> tuple[Column, ...]:
    return tuple(_column(word) for word in text.split(" | "))


def _column(word: str) -> Column:
    shown, wide = word.rstrip("*"), word.endswith("*")
    name, _, kind = shown.partition(":")
    return Column(
        name=name,
        type=kind or "string",
        format="name" if name in ("Name", "Attacher") else "",
        priority=int(wide),
        description=_DESCRIPTIONS.get(name, ""),
    )


_DESCRIPTIONS: Mapping[str, str] = {
    "Name": "The object's name, unique in its namespace.",
    "Age": "How long ago the object was made.",
    "Created At": "The moment the object was made.",
}
