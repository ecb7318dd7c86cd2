"""The label selector of a workload as the text that lists take."""

from typing import Any

from knarr.cli.failures import CliError

Json = dict[str, Any]


def selector_text(selector: Json | None) -> str:
    """A label selector (or a plain map of labels) as text."""
    if not selector:
        return ""
    if "matchLabels" not in selector and "matchExpressions" not in selector:
        return ",".join(f"{key}={selector[key]}" for key in sorted(selector))
    labels = selector.get("matchLabels") or {}
    parts = [f"{key}={labels[key]}" for key in sorted(labels)]
    for one in selector.get("matchExpressions") or []:
        key, values = one["key"], ",".join(one.get("values") or [])
        match one["operator"]:
            case "In":
                parts.append(f"{key} in ({values})")
            case "NotIn":
                parts.append(f"{key} notin ({values})")
            case "Exists":
                parts.append(key)
            case _:
                parts.append(f"!{key}")
    return ",".join(parts)


def pods_selector(obj: Json) -> str:
    """The selector of the pods that an object is about. Raise CliError where it selects none."""
    spec = obj.get("spec") or {}
    selector = spec.get("selector")
    if obj.get("kind") == "CronJob":
        selector = None
    if not selector:
        raise CliError(f"{obj.get('kind')} {obj['metadata']['name']!r} selects no pods")
    return selector_text(selector)
