"""Metrics as autoscaling/v1's annotations spell them, flat where v2 nests."""

from collections.abc import Mapping
from typing import Any

Plain = dict[str, Any]

_TARGETS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "pods": (("averageValue", "targetAverageValue", "AverageValue"),),
    "object": (
        ("value", "targetValue", "Value"),
        ("averageValue", "averageValue", "AverageValue"),
    ),
    "external": (
        ("value", "targetValue", "Value"),
        ("averageValue", "targetAverageValue", "AverageValue"),
    ),
    "resource": (
        ("averageUtilization", "targetAverageUtilization", "Utilization"),
        ("averageValue", "targetAverageValue", "AverageValue"),
    ),
    "containerResource": (
        ("averageUtilization", "targetAverageUtilization", "Utilization"),
        ("averageValue", "targetAverageValue", "AverageValue"),
    ),
}
"""What a target's fields are called there, and which type of target each makes."""

_CURRENT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "pods": (("averageValue", "currentAverageValue"),),
    "object": (("value", "currentValue"), ("averageValue", "averageValue")),
    "external": (("value", "currentValue"), ("averageValue", "currentAverageValue")),
    "resource": (
        ("averageUtilization", "currentAverageUtilization"),
        ("averageValue", "currentAverageValue"),
    ),
    "containerResource": (
        ("averageUtilization", "currentAverageUtilization"),
        ("averageValue", "currentAverageValue"),
    ),
}

_REFERENCE = ("kind", "name", "apiVersion")
"""The order in which Kubernetes writes a reference, for those who compare the text."""


def _selector_name(source: str) -> str:
    return "metricSelector" if source == "external" else "selector"


def metric_to_old(metric: Plain) -> Plain:
    """One metric or its current value, as the annotation has it."""
    source = next((name for name in _TARGETS if name in metric), None)
    if source is None:
        return metric
    given: Plain = dict(metric[source])
    identifier = given.pop("metric", None)
    flat: Plain = {}
    if "describedObject" in given:
        reference = given.pop("describedObject")
        flat["target"] = {key: reference[key] for key in _REFERENCE if key in reference}
    if "name" in given:
        flat["name"] = given.pop("name")
    if identifier is not None:
        flat["metricName"] = identifier.get("name", "")
    flat |= _flat_values(source, given.pop("target", None), given.pop("current", None))
    if identifier is not None and "selector" in identifier:
        flat[_selector_name(source)] = identifier["selector"]
    return {"type": metric.get("type", ""), source: flat | given}


def _flat_values(source: str, target: Plain | None, current: Plain | None) -> Plain:
    flat: Plain = {}
    if target is not None:
        flat |= {old: target[new] for new, old, _ in _TARGETS[source] if new in target}
        if source == "object":
            flat.setdefault("targetValue", "0")
    if current is not None:
        flat |= {old: current[new] for new, old in _CURRENT[source] if new in current}
    return flat


def metric_from_old(metric: Plain) -> Plain:
    """One metric or its current value, from what an annotation has."""
    source = next((name for name in _TARGETS if isinstance(metric.get(name), dict)), None)
    if source is None:
        return metric
    given: Plain = dict(metric[source])
    nested: Plain = {}
    if source == "object" and "target" in given:
        nested["describedObject"] = given.pop("target")
    if "metricName" in given:
        nested["metric"] = {"name": given.pop("metricName")}
        selector = given.pop(_selector_name(source), None)
        if selector is not None:
            nested["metric"]["selector"] = selector
    target = _target(source, given)
    if target:
        nested["target"] = target
    current = {new: given.pop(old) for new, old in _CURRENT[source] if old in given}
    if current:
        nested["current"] = current
    return {"type": metric.get("type", ""), source: nested | given}


def _target(source: str, given: Plain) -> Plain:
    if not any(old in given for _, old, _ in _TARGETS[source]) or _is_status(given):
        return {}
    target: Plain = {}
    for new, old, kind in _TARGETS[source]:
        value = given.pop(old, None)
        if value is not None and not (new == "value" and value == "0"):
            target[new] = value
            target["type"] = kind
    return target


def _is_status(given: Plain) -> bool:
    return any(name.startswith("current") for name in given)
