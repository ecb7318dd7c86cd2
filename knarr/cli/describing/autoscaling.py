"""Descriptions of autoscalers."""

from typing import Any

from knarr.cli.describing.sheet import About, Sheet, events, head, local_time

Json = dict[str, Any]

UNKNOWN = "<unknown>"


def scaler(sheet: Sheet, obj: Json, about: About) -> None:
    """A horizontal pod autoscaler."""
    meta, spec, status = obj["metadata"], obj["spec"], obj.get("status") or {}
    head(sheet, obj)
    sheet.field("CreationTimestamp", local_time(meta.get("creationTimestamp")))
    target = spec.get("scaleTargetRef") or {}
    sheet.field("Reference", f"{target.get('kind')}/{target.get('name')}")
    if spec.get("metrics"):
        sheet.line("Metrics:\t( current / target )")
    current = status.get("currentMetrics") or []
    for place, one in enumerate(spec.get("metrics") or []):
        _metric(sheet, one, current[place] if place < len(current) else {})
    sheet.field("Min replicas", spec.get("minReplicas", "<unset>"))
    sheet.field("Max replicas", spec.get("maxReplicas", 0))
    if spec.get("behavior"):
        sheet.line("Behavior:")
        _direction(sheet, "Scale Up", spec["behavior"].get("scaleUp"))
        _direction(sheet, "Scale Down", spec["behavior"].get("scaleDown"))
    sheet.field(
        f"{target.get('kind')} pods",
        f"{status.get('currentReplicas', 0)} current / {status.get('desiredReplicas', 0)} desired",
    )
    if status.get("conditions"):
        sheet.line("Conditions:")
        rows = [
            [one["type"], one["status"], one.get("reason", ""), one.get("message", "")]
            for one in status["conditions"]
        ]
        sheet.table(("Type", "Status", "Reason", "Message"), rows, 1)
    events(sheet, about)


def _direction(sheet: Sheet, title: str, rules: Json | None) -> None:
    if rules is None:
        return
    sheet.line(f"{title}:", 1)
    window = rules.get("stabilizationWindowSeconds")
    if window is not None:
        sheet.line(f"Stabilization Window: {window} seconds", 2)
    if not rules.get("policies"):
        return
    if rules.get("selectPolicy"):
        sheet.line(f"Select Policy: {rules['selectPolicy']}", 2)
    else:
        sheet.line("Select Policy: Max", 2)
    sheet.line("Policies:", 2)
    for one in rules["policies"]:
        period = f"Period: {one.get('periodSeconds')} seconds"
        sheet.line(f"- Type: {one.get('type')}\tValue: {one.get('value')}\t{period}", 3)


def _metric(sheet: Sheet, metric: Json, current: Json) -> None:
    kind = metric.get("type", "")
    source = metric.get(kind[:1].lower() + kind[1:]) or {}
    now = (current.get(kind[:1].lower() + kind[1:]) or {}).get("current") or {}
    target = source.get("target") or {}
    if kind in ("Resource", "ContainerResource"):
        _resource(sheet, source, target, now)
        return
    name = (source.get("metric") or {}).get("name", "")
    if kind == "Pods":
        line = f'"{name}" on pods:'
    elif kind == "Object":
        described = source.get("describedObject") or {}
        line = f'"{name}" on {described.get("kind")}/{described.get("name")} {_meant(target)}:'
    else:
        line = f'"{name}" {_meant(target)}:'
    key = "averageValue" if target.get("averageValue") is not None else "value"
    sheet.line(f"{line}\t{now.get(key, UNKNOWN)} / {target.get(key)}", 1)


def _meant(target: Json) -> str:
    return f"(target {'average ' if target.get('type') == 'AverageValue' else ''}value)"


def _resource(sheet: Sheet, source: Json, target: Json, now: Json) -> None:
    inside = f' of container "{source["container"]}"' if "container" in source else ""
    line = f"resource {source.get('name')}{inside} on pods"
    wanted = target.get("averageUtilization")
    if wanted is None:
        value = now.get("averageValue", UNKNOWN)
        sheet.line(f"{line}:\t{value} / {target.get('averageValue')}", 1)
        return
    value = UNKNOWN
    if now.get("averageUtilization") is not None:
        value = f"{now['averageUtilization']}% ({now.get('averageValue', '')})"
    sheet.line(f"{line}  (as a percentage of request):\t{value} / {wanted}%", 1)
