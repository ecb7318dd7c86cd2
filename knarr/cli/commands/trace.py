"""`trace`: the way of an object, write by write."""

from collections.abc import Iterator
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import PlainError
from knarr.cli.flags import Arguments, duration, truth
from knarr.cli.output.table import columns_text
from knarr.cli.selecting import Found, find_one
from knarr.cli.session import Session
from knarr.client.dynamic import Change, Selection, StatusError

Json = dict[str, Any]

LOOK_S = 0.5
"""How long the history is read for when nobody wants to go on watching."""


def run(session: Session, arguments: Arguments) -> int | None:
    """Print each write that the server still remembers."""
    if not arguments.words:
        raise PlainError("error: name an object, such as deployment/web")
    found = find_one(session, arguments.words, example="deployment/web")
    session.write(columns_text([["REVISION", "TIME", "WRITER", "CHANGE"]], gap=2))
    before: Json = {}
    for change in _changes(session, arguments, found):
        row = [
            str(change.revision),
            _time(change.object, before),
            _writer(change.object, before),
            _difference(change, before),
        ]
        session.write(columns_text([row], gap=2))
        before = change.object
    return None


def _changes(session: Session, arguments: Arguments, found: Found) -> Iterator[Change]:
    selection = Selection(fields=f"metadata.name={found.name}")
    timeout_s = arguments.seconds("for") or LOOK_S
    if arguments.truth("watch"):
        timeout_s = session.timeout_s or 0.0
    began = False
    # The oldest revision that is remembered is not known: the server refuses one that is not.
    for after in (1, int(found.object["metadata"]["resourceVersion"])):
        try:
            for change in session.client.watch(
                found.kind, found.namespace, selection, after=after, timeout_s=timeout_s or None
            ):
                if change.type != "BOOKMARK":
                    began = True
                    yield change
            return
        except StatusError as error:
            if began or error.reason not in ("Expired", "Gone"):
                raise
            session.tell("earlier writes are forgotten; this is what is known:")
            revision = int(found.object["metadata"]["resourceVersion"])
            yield Change("ADDED", found.object, revision)


def _newest(obj: Json) -> Json:
    managed = obj["metadata"].get("managedFields") or []
    return max(managed, key=lambda one: str(one.get("time", "")), default={})


def _time(obj: Json, before: Json) -> str:
    return str(_newest(obj).get("time") or obj["metadata"].get("creationTimestamp", ""))


def _writer(obj: Json, before: Json) -> str:
    """The manager whose note changed, else the one who wrote last."""
    known = (before.get("metadata") or {}).get("managedFields") or []
    fresh = [one for one in obj["metadata"].get("managedFields") or [] if one not in known]
    found = fresh[-1] if fresh else _newest(obj)
    subresource = f"/{found['subresource']}" if found.get("subresource") else ""
    return f"{found.get('manager', 'unknown')}{subresource}"


def _difference(change: Change, before: Json) -> str:
    if change.type == "DELETED":
        return "deleted"
    if not before:
        return "created" if change.object["metadata"].get("generation", 1) == 1 else "first known"
    paths = sorted(set(_paths(before, change.object, "")))
    shown = ", ".join(paths[:6])
    return shown + (f" and {len(paths) - 6} more" if len(paths) > 6 else "")


_SILENT = {".metadata.resourceVersion", ".metadata.managedFields"}


def _paths(before: Any, after: Any, path: str) -> Iterator[str]:
    """Where two objects differ."""
    if path in _SILENT or before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from _paths(before.get(key), after.get(key), f"{path}.{key}")
    elif isinstance(after, str | int | bool) and len(str(after)) < 40:
        yield f"{path}={after}"
    else:
        yield path


COMMAND = Command(
    about=(
        "Show the way of an object: each write that the server remembers, with its revision, "
        "time, writer and what it changed."
    ),
    usage="trace (TYPE NAME | TYPE/NAME) [--watch]",
    examples="""
# Show who wrote what
knarr trace deployment/web
""",
    flags=(
        truth("watch", "w", help="Go on with what is written from now on"),
        duration("for", help="How long to read the history"),
    ),
    run=run,
)
