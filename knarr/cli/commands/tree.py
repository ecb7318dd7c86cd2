"""`tree`: what an object owns, and how ready it is."""

from typing import Any

from knarr.api import times
from knarr.cli.command import Command
from knarr.cli.failures import PlainError, raise_all
from knarr.cli.flags import Arguments
from knarr.cli.output.table import columns_text
from knarr.cli.resources import PREFERRED, label
from knarr.cli.selecting import Found, find
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError
from knarr.daemon.clock import SystemClock

Json = dict[str, Any]

_NOT_LISTED = {"events", "bindings", "componentstatuses", "endpoints"}


def run(session: Session, arguments: Arguments) -> int | None:
    """Draw the trees of what is meant."""
    if not arguments.words:
        raise PlainError("error: name an object, such as deployment/web")
    found, errors = find(session, arguments.words, arguments)
    raise_all(errors)
    owned = _owned(session, {one.namespace for one in found})
    rows = [["NAME", "READY", "REASON", "AGE"]]
    for one in found:
        _draw(one, owned, rows, "", "")
    session.write(columns_text(rows))
    return None


def _owned(session: Session, namespaces: set[str]) -> dict[str, list[Found]]:
    """All objects of the namespaces by the uid of each owner."""
    by_owner: dict[str, list[Found]] = {}
    for kind in session.resources.all():
        wanted = "list" in kind.verbs and kind.plural not in _NOT_LISTED
        if not wanted or kind.version != PREFERRED.get(kind.group, kind.version):
            continue
        for namespace in sorted(namespaces) if kind.namespaced else [""]:
            try:
                page = session.client.list(kind, namespace)
            except StatusError:
                continue
            for obj in page.objects:
                meta = obj["metadata"]
                child = Found(kind, meta.get("namespace", ""), meta["name"], obj)
                for owner in meta.get("ownerReferences") or []:
                    by_owner.setdefault(owner["uid"], []).append(child)
    return by_owner


def _draw(
    found: Found, owned: dict[str, list[Found]], rows: list[list[str]], head: str, below: str
) -> None:
    ready, reason = readiness(found.object)
    made = found.object["metadata"].get("creationTimestamp")
    age = times.age(times.seconds_between(made, SystemClock().now())) if made else ""
    rows.append([f"{head}{label(found.kind)}/{found.name}", ready, reason, age])
    children = owned.get(found.object["metadata"].get("uid", ""), [])
    children.sort(key=lambda one: (one.kind.name, one.name))
    for place, child in enumerate(children):
        is_last = place == len(children) - 1
        _draw(
            child,
            owned,
            rows,
            below + ("└─" if is_last else "├─"),
            below + ("  " if is_last else "│ "),
        )


def readiness(obj: Json) -> tuple[str, str]:
    """Whether an object is ready, and the reason when it is not."""
    status = obj.get("status") or {}
    conditions = {one["type"]: one for one in status.get("conditions") or []}
    for name in ("Ready", "Available", "Complete"):
        if name in conditions:
            found = conditions[name]
            is_ready = found.get("status") == "True"
            return str(found.get("status")), "" if is_ready else str(found.get("reason", ""))
    if "readyReplicas" in status or "replicas" in status:
        return f"{status.get('readyReplicas', 0)}/{status.get('replicas', 0)}", ""
    return "-", ""


COMMAND = Command(
    about="Draw what an object owns, what that owns in turn, and how ready each is.",
    usage="tree (TYPE NAME | TYPE/NAME)",
    examples="""
# Draw what a deployment owns
knarr tree deployment/web
""",
    run=run,
)
