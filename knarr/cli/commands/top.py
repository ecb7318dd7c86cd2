"""`top`: what nodes and pods use."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from knarr.api import quantities
from knarr.cli.command import Command, Run
from knarr.cli.failures import CliError, no_subcommand
from knarr.cli.flags import Arguments, duration, text, truth
from knarr.cli.output.table import columns_text
from knarr.cli.raw import request
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError

Json = dict[str, Any]
Shown = tuple[list[str], list[list[str]]]
"""Headers and rows."""

EVERY_MIN_S = 0.5
"""Metrics are measured no oftener than this."""

_API = "/apis/metrics.k8s.io/v1beta1"
_MEBI = 1024 * 1024


def _metrics(session: Session, path: str) -> list[Json]:
    try:
        answer = json.loads(request(session, "GET", f"{_API}{path}"))
    except StatusError as error:
        if error.code == 404 and "could not find the requested resource" in error.message:
            raise CliError("Metrics API not available") from None
        raise
    return list(answer["items"]) if "items" in answer else [answer]


def _cores(amount: str) -> int:
    return quantities.milli(amount)


def _mebibytes(amount: str) -> int:
    return quantities.value(amount) // _MEBI


def _nodes(session: Session, arguments: Arguments) -> Shown:
    name = arguments.words[0] if arguments.words else ""
    items = _metrics(session, f"/nodes/{name}" if name else f"/nodes{_query(arguments)}")
    kind = session.resources.find("nodes")
    whole_key = "capacity" if arguments.truth("show-capacity") else "allocatable"
    room = {
        one["metadata"]["name"]: (one.get("status") or {}).get(whole_key) or {}
        for one in session.client.list(kind).objects
    }
    rows = []
    for one in _sorted(arguments, items, lambda item: item["usage"]):
        name, usage = one["metadata"]["name"], one["usage"]
        whole = room.get(name, {})
        cpu, memory = _cores(usage["cpu"]), _mebibytes(usage["memory"])
        rows.append(
            [
                name,
                f"{cpu}m",
                _percent(cpu, _cores(whole.get("cpu", "0"))),
                f"{memory}Mi",
                _percent(memory, _mebibytes(whole.get("memory", "0"))),
            ]
        )
    return ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"], rows


def _pods(session: Session, arguments: Arguments) -> Shown:
    everywhere = arguments.truth("all-namespaces")
    place = "" if everywhere else f"/namespaces/{session.namespace}"
    name = arguments.words[0] if arguments.words else ""
    path = f"{place}/pods/{name}" if name else f"{place}/pods{_query(arguments)}"
    rows = []
    for one in _sorted(arguments, _metrics(session, path), _sum):
        meta = one["metadata"]
        head = [meta["namespace"]] if everywhere else []
        if arguments.truth("containers"):
            for container in one["containers"]:
                used = container["usage"]
                rows.append([*head, meta["name"], container["name"], *_used(used)])
        else:
            rows.append([*head, meta["name"], *_used(_sum(one))])
    headers = ["NAMESPACE"] if everywhere else []
    if arguments.truth("containers"):
        headers += ["POD"]
    headers += ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    if arguments.truth("sum"):
        rows += _summed(rows, len(headers))
    return headers, rows


def _summed(rows: list[list[str]], width: int) -> list[list[str]]:
    """Two more rows: a line, and what all use together."""
    cpu = sum(int(row[-2].removesuffix("m")) for row in rows)
    memory = sum(int(row[-1].removesuffix("Mi")) for row in rows)
    blank = [""] * (width - 2)
    return [[*blank, "________", "________"], [*blank, f"{cpu}m", f"{memory}Mi"]]


def _sum(pod: Json) -> Json:
    cpu = memory = "0"
    for container in pod["containers"]:
        cpu = quantities.add(cpu, container["usage"]["cpu"])
        memory = quantities.add(memory, container["usage"]["memory"])
    return {"cpu": cpu, "memory": memory}


def _used(usage: Json) -> list[str]:
    return [f"{_cores(usage['cpu'])}m", f"{_mebibytes(usage['memory'])}Mi"]


def _sorted(arguments: Arguments, items: list[Json], usage: Any) -> list[Json]:
    by = arguments.text("sort-by")
    if by not in ("", "cpu", "memory"):
        raise CliError("--sort-by accepts only cpu or memory")
    if not by:
        return sorted(items, key=lambda one: str(one["metadata"]["name"]))
    return sorted(items, key=lambda one: -quantities.milli(usage(one)[by]))


def _percent(amount: int, whole: int) -> str:
    return f"{amount * 100 // whole}%" if whole else "<unknown>"


def _query(arguments: Arguments) -> str:
    from urllib.parse import urlencode  # noqa: PLC0415

    values = {
        "labelSelector": arguments.text("selector"),
        "fieldSelector": str(arguments.values.get("field-selector") or ""),
    }
    query = urlencode({key: value for key, value in values.items() if value})
    return f"?{query}" if query else ""


def _showing(measure: Callable[[Session, Arguments], Shown]) -> Run:
    def run(session: Session, arguments: Arguments) -> int | None:
        if not arguments.truth("watch"):
            _print(session, arguments, *measure(session, arguments))
            return None
        every_s = max(arguments.seconds("interval"), EVERY_MIN_S)
        if sys.stdout.isatty():
            _live(session, arguments, measure, every_s)
        while True:
            _print(session, arguments, *measure(session, arguments))
            sys.stdout.flush()
            time.sleep(every_s)
            session.say("")

    return run


def _live(
    session: Session,
    arguments: Arguments,
    measure: Callable[[Session, Arguments], Shown],
    every_s: float,
) -> None:
    """Show a table that changes in place, until the user stops it."""
    from knarr.cli.live import drawing, table_of  # noqa: PLC0415

    headers, rows = measure(session, arguments)
    before = {tuple(row[:-2]): row for row in rows}

    def draw() -> Any:
        looks = ("fresh" if before.get(tuple(row[:-2]), row) != row else "" for row in rows)
        return table_of(headers, zip(rows, looks, strict=True))

    with drawing(draw):
        while True:
            time.sleep(every_s)
            fresh = measure(session, arguments)[1]
            before = {tuple(row[:-2]): row for row in rows}
            rows = fresh


def _print(
    session: Session, arguments: Arguments, headers: list[str], rows: list[list[str]]
) -> None:
    if not rows:
        session.tell(f"No resources found in {session.namespace} namespace.")
        return
    session.write(columns_text(rows if arguments.truth("no-headers") else [headers, *rows]))


def _lead(session: Session, arguments: Arguments) -> int | None:
    raise no_subcommand(f"{session.program} top", ("node", "pod"), arguments.words)


_FLAGS = (
    text("selector", "l", help="Selector (label query) to filter on"),
    text("sort-by", help="cpu or memory"),
    truth("no-headers", help="Don't print headers"),
    truth("use-protocol-buffers", help="Ignored"),
    truth("show-swap", help="Ignored: swap is not measured"),
    truth("watch", "w", help="Go on; on a terminal, a table that changes in place"),
    duration("interval", default=5.0, help="With --watch: how often it is measured"),
)

COMMANDS = {
    "": Command(
        about="Show what nodes and pods use.",
        usage="top SUBCOMMAND",
        examples="\n# Show what nodes use\nknarr top node\n",
        run=_lead,
    ),
    "node": Command(
        about="Show what nodes use.",
        usage="top node [NAME | -l label]",
        examples="""
# Show what nodes use
knarr top node

# Go on showing it
knarr top node --watch
""",
        flags=(*_FLAGS, truth("show-capacity", help="Percentages of capacity, not of allocatable")),
        run=_showing(_nodes),
    ),
    "pod": Command(
        about="Show what pods use.",
        usage="top pod [NAME | -l label]",
        examples="\n# Show what pods use\nknarr top pod --containers\n",
        flags=(
            *_FLAGS,
            truth("all-namespaces", "A", help="Show the pods of all namespaces"),
            truth("containers", help="Show each container"),
            truth("sum", help="Add a line with what all use together"),
            text("field-selector", help="Selector (field query) to filter on"),
        ),
        run=_showing(_pods),
    ),
}
