"""Descriptions of pods."""

from typing import Any

from knarr.cli.describing.sheet import NONE, About, Sheet, events, local_time
from knarr.cli.describing.template import containers, spread, tolerations, volumes

Json = dict[str, Any]


def pod(sheet: Sheet, obj: Json, about: About) -> None:
    """A pod."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    _head(sheet, meta, spec, status)
    sheet.map("Labels", meta.get("labels"))
    sheet.annotations(meta.get("annotations"))
    _status(sheet, obj, about)
    _addresses(sheet, status)
    owner = next((one for one in meta.get("ownerReferences") or [] if one.get("controller")), None)
    if owner:
        sheet.field("Controlled By", f"{owner['kind']}/{owner['name']}")
    if status.get("nominatedNodeName"):
        sheet.field("NominatedNodeName", status["nominatedNodeName"])
    _containers(sheet, spec, status)
    _gates(sheet, spec, status)
    if status.get("conditions"):
        sheet.line("Conditions:")
        sheet.line("Type\tStatus", 1)
        for one in status["conditions"]:
            sheet.line(f"{one['type']} \t{one['status']} ", 1)
    volumes(sheet, spec.get("volumes"))
    sheet.field("QoS Class", status.get("qosClass", ""))
    sheet.map("Node-Selectors", spec.get("nodeSelector"))
    tolerations(sheet, spec.get("tolerations"))
    spread(sheet, spec.get("topologySpreadConstraints"))
    events(sheet, about)


def _gates(sheet: Sheet, spec: Json, status: Json) -> None:
    if not spec.get("readinessGates"):
        return
    sheet.line("Readiness Gates:")
    sheet.line("Type\tStatus", 1)
    found = {one["type"]: one["status"] for one in status.get("conditions") or []}
    for gate in spec["readinessGates"]:
        kind = gate["conditionType"]
        sheet.line(f"{kind} \t{found.get(kind, NONE)} ", 1)


def _head(sheet: Sheet, meta: Json, spec: Json, status: Json) -> None:
    sheet.field("Name", meta["name"])
    sheet.field("Namespace", meta["namespace"])
    if spec.get("priority") is not None:
        sheet.field("Priority", spec["priority"])
    if spec.get("priorityClassName"):
        sheet.field("Priority Class Name", spec["priorityClassName"])
    if spec.get("runtimeClassName"):
        sheet.field("Runtime Class Name", spec["runtimeClassName"])
    if spec.get("serviceAccountName"):
        sheet.field("Service Account", spec["serviceAccountName"])
    node = spec.get("nodeName")
    sheet.field("Node", f"{node}/{status.get('hostIP', '')}" if node else NONE)
    if status.get("startTime"):
        sheet.field("Start Time", local_time(status["startTime"]))


def _status(sheet: Sheet, obj: Json, about: About) -> None:
    meta, status = obj["metadata"], obj.get("status") or {}
    if meta.get("deletionTimestamp"):
        sheet.field("Status", f"Terminating (lasts {about.age(meta['deletionTimestamp'])})")
        sheet.field("Termination Grace Period", f"{meta.get('deletionGracePeriodSeconds', 0)}s")
    else:
        sheet.field("Status", status.get("phase", ""))
    for key, title in (("reason", "Reason"), ("message", "Message")):
        if status.get(key):
            sheet.field(title, status[key])


def _addresses(sheet: Sheet, status: Json) -> None:
    sheet.field("IP", status.get("podIP", ""))
    if status.get("podIPs"):
        sheet.line("IPs:")
        for one in status["podIPs"]:
            sheet.line(f"IP:\t{one.get('ip')}", 1)
    else:
        sheet.field("IPs", NONE)


def _containers(sheet: Sheet, spec: Json, status: Json) -> None:
    for title, key, statuses in (
        ("Init Containers", "initContainers", "initContainerStatuses"),
        ("Containers", "containers", "containerStatuses"),
        ("Ephemeral Containers", "ephemeralContainers", "ephemeralContainerStatuses"),
    ):
        if spec.get(key):
            known = {one["name"]: one for one in status.get(statuses) or []}
            containers(sheet, title, spec[key], known)
