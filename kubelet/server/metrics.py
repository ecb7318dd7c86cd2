"""The page /metrics/resource, from the summary of a node. Pure."""

from collections.abc import Callable, Iterator
from typing import Any

from knarr.api.times import parse

Json = dict[str, Any]

_HELP = {
    "container_cpu_usage_seconds_total": (
        "counter",
        "Cumulative cpu time consumed by the container in core-seconds",
    ),
    "container_memory_working_set_bytes": (
        "gauge",
        "Current working set of the container in bytes",
    ),
    "container_start_time_seconds": (
        "gauge",
        "Start time of the container since unix epoch in seconds",
    ),
    "node_cpu_usage_seconds_total": (
        "counter",
        "Cumulative cpu time consumed by the node in core-seconds",
    ),
    "node_memory_working_set_bytes": ("gauge", "Current working set of the node in bytes"),
    "pod_cpu_usage_seconds_total": (
        "counter",
        "Cumulative cpu time consumed by the pod in core-seconds",
    ),
    "pod_memory_working_set_bytes": ("gauge", "Current working set of the pod in bytes"),
    "resource_scrape_error": (
        "gauge",
        "1 if there was an error while getting container metrics, 0 otherwise",
    ),
}
"""In the order of the page: kind and meaning of each metric, which scrapers know by heart."""


def page(summary: Json) -> str:
    """The whole page."""
    lines = []
    for name, (kind, meaning) in _HELP.items():
        lines.append(f"# HELP {name} [STABLE] {meaning}")
        lines.append(f"# TYPE {name} {kind}")
        what, _, which = name.partition("_")
        lines += (f"{name}{line}" for line in _SAMPLES[what](summary, which))
    return "\n".join(lines) + "\n"


def _node(summary: Json, which: str) -> Iterator[str]:
    yield _of(summary["node"], which)


def _pods(summary: Json, which: str) -> Iterator[str]:
    for pod in summary["pods"]:
        yield f"{{{_named(pod)}}}{_of(pod, which)}"


def _containers(summary: Json, which: str) -> Iterator[str]:
    for pod in summary["pods"]:
        for one in pod["containers"]:
            yield f'{{container="{one["name"]}",{_named(pod)}}}{_of(one, which)}'


def _error(_: Json, __: str) -> Iterator[str]:
    yield " 0"


_SAMPLES: dict[str, Callable[[Json, str], Iterator[str]]] = {
    "container": _containers,
    "node": _node,
    "pod": _pods,
    "resource": _error,
}


def _named(pod: Json) -> str:
    ref = pod["podRef"]
    return f'namespace="{ref["namespace"]}",pod="{ref["name"]}"'


def _of(one: Json, which: str) -> str:
    """The value and when it was read, in milliseconds."""
    if which.startswith("start"):
        return f" {parse(one['startTime']).timestamp():.0f}"
    if which.startswith("cpu"):
        seconds = one["cpu"]["usageCoreNanoSeconds"] / 1e9
        return f" {seconds:.6f} {_at(one['cpu'])}"
    return f" {one['memory']['workingSetBytes']} {_at(one['memory'])}"


def _at(part: Json) -> int:
    return int(parse(part["time"]).timestamp() * 1000)
