"""Descriptions of nodes."""

from typing import Any

from knarr.api import quantities
from knarr.cli.describing.sheet import NONE, UNSET, About, Sheet, events, local_time
from knarr.client.dynamic import Selection, StatusError

Json = dict[str, Any]

_INFO = (
    ("Machine ID", "machineID"), ("System UUID", "systemUUID"), ("Boot ID", "bootID"),
    ("Kernel Version", "kernelVersion"), ("OS Image", "osImage"),
    ("Operating System", "operatingSystem"), ("Architecture", "architecture"),
    ("Container Runtime Version", "containerRuntimeVersion"),
    ("Kubelet Version", "kubeletVersion"),
)  # fmt: skip
_ROLE = "node-role.kubernetes.io/"


def node(sheet: Sheet, obj: Json, about: About) -> None:
    """A node, with the pods on it."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    labels = meta.get("labels") or {}
    roles = sorted(key.removeprefix(_ROLE) for key in labels if key.startswith(_ROLE))
    sheet.field("Name", meta["name"])
    sheet.field("Roles", ",".join(roles) or NONE)
    sheet.map("Labels", labels)
    sheet.annotations(meta.get("annotations"))
    sheet.field("CreationTimestamp", local_time(meta.get("creationTimestamp")))
    _taints(sheet, spec)
    sheet.field("Unschedulable", str(bool(spec.get("unschedulable"))).lower())
    _lease(sheet, meta["name"], about)
    _conditions(sheet, status)
    sheet.line("Addresses:")
    for one in status.get("addresses") or []:
        sheet.field(one["type"], one["address"], 1)
    for title, key in (("Capacity", "capacity"), ("Allocatable", "allocatable")):
        if status.get(key):
            sheet.line(f"{title}:")
            for name in sorted(status[key]):
                sheet.field(name, status[key][name], 1)
    sheet.line("System Info:")
    info = status.get("nodeInfo") or {}
    for title, key in _INFO:
        sheet.field(title, info.get(key, ""), 1)
    if spec.get("podCIDR"):
        sheet.field("PodCIDR", spec["podCIDR"])
        sheet.field("PodCIDRs", ",".join(spec.get("podCIDRs") or []))
    if spec.get("providerID"):
        sheet.field("ProviderID", spec["providerID"])
    _pods(sheet, obj, about)
    events(sheet, about)


def _taints(sheet: Sheet, spec: Json) -> None:
    taints = spec.get("taints") or []
    if not taints:
        sheet.field("Taints", NONE)
    for place, one in enumerate(taints):
        value = f"={one['value']}" if one.get("value") else ""
        head = "Taints:" if place == 0 else ""
        sheet.line(f"{head}\t{one['key']}{value}:{one['effect']}")


def _lease(sheet: Sheet, name: str, about: About) -> None:
    kind = about.session.resources.find("leases")
    try:
        spec = about.session.client.get(kind, "kube-node-lease", name).get("spec") or {}
    except StatusError as error:
        sheet.field("Lease", f"Failed to get lease: {error.message}")
        return
    sheet.line("Lease:")
    sheet.field("HolderIdentity", spec.get("holderIdentity") or UNSET, 1)
    sheet.field("AcquireTime", local_time(spec.get("acquireTime")), 1)
    sheet.field("RenewTime", local_time(spec.get("renewTime")), 1)


def _conditions(sheet: Sheet, status: Json) -> None:
    if not status.get("conditions"):
        return
    sheet.line("Conditions:")
    rows = [
        [
            one["type"],
            one["status"],
            local_time(one.get("lastHeartbeatTime")),
            local_time(one.get("lastTransitionTime")),
            one.get("reason", ""),
            one.get("message", ""),
        ]
        for one in status["conditions"]
    ]
    headers = ("Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message")
    sheet.table(headers, rows, 1)


def _pods(sheet: Sheet, obj: Json, about: About) -> None:
    name = obj["metadata"]["name"]
    kind = about.session.resources.find("pods")
    selection = Selection(
        fields=f"spec.nodeName={name},status.phase!=Succeeded,status.phase!=Failed"
    )
    pods = about.session.client.list(kind, "", selection).objects
    status = obj.get("status") or {}
    room = status.get("allocatable") or status.get("capacity") or {}
    sheet.line(f"Non-terminated Pods:\t({len(pods)} in total)")
    headers = "Namespace\tName\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge"
    sheet.line(headers, 1)
    sheet.line("---------\t----\t------------\t----------\t---------------\t-------------\t---", 1)
    totals: dict[tuple[str, str], str] = {}
    for one in pods:
        cells = [one["metadata"]["namespace"], one["metadata"]["name"]]
        for resource in ("cpu", "memory"):
            for what in ("requests", "limits"):
                cells.append(_share(pod_sum(one, what, resource), room.get(resource)))
        for resource in ("cpu", "memory", "ephemeral-storage", "hugepages-2Mi"):
            for what in ("requests", "limits"):
                before = totals.get((resource, what), "0")
                totals[resource, what] = quantities.add(before, pod_sum(one, what, resource))
        cells.append(about.age(one["metadata"].get("creationTimestamp")))
        sheet.line("\t".join(cells), 1)
    sheet.line("Allocated resources:")
    sheet.line("(Total limits may be over 100 percent, i.e., overcommitted.)", 1)
    sheet.line("Resource\tRequests\tLimits", 1)
    sheet.line("--------\t--------\t------", 1)
    for resource in ("cpu", "memory", "ephemeral-storage"):
        cells = [
            _share(totals.get((resource, what), "0"), room.get(resource))
            for what in ("requests", "limits")
        ]
        sheet.line("\t".join([resource, *cells]), 1)


def pod_sum(pod: Json, what: str, resource: str) -> str:
    """What the containers of a pod ask for together, of one resource."""
    total = "0"
    for container in pod["spec"].get("containers") or []:
        amount = ((container.get("resources") or {}).get(what) or {}).get(resource)
        if amount is not None:
            total = quantities.add(total, str(amount))
    return total


def _share(amount: str, room: str | None) -> str:
    whole = quantities.milli(room) if room else 0
    percent = quantities.milli(amount) * 100 // whole if whole else 0
    return f"{amount} ({percent}%)"
