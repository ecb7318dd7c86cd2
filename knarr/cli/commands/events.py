"""`events`: what happened, in order."""

from typing import Any

from knarr.api import times
from knarr.cli.command import Command
from knarr.cli.events_of import last_seen
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, truth, words
from knarr.cli.output.printer import PRINT_FLAGS, list_of, printer_of
from knarr.cli.output.table import columns_text
from knarr.cli.selecting import CHUNK_FLAG
from knarr.cli.session import Session
from knarr.client.dynamic import Selection
from knarr.daemon.clock import SystemClock

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """List the events, and go on when asked."""
    _check_types(arguments)
    everywhere = arguments.truth("all-namespaces")
    namespace = "" if everywhere else session.namespace
    kind, selection = session.resources.find("events"), _selection(session, arguments)
    page = session.client.list(kind, namespace, selection, chunk=arguments.number("chunk-size"))
    events = sorted((one for one in page.objects if _is_wanted(arguments, one)), key=last_seen)
    printer = printer_of(arguments)
    if printer is not None:
        session.write(printer(list_of(events)))
        return None
    follows = arguments.truth("watch")
    if not events and not follows:
        where = "" if everywhere else f" in {session.namespace} namespace."
        session.tell(f"No events found{where}")
        return None
    rows = [] if arguments.truth("no-headers") else [_headers(everywhere=everywhere)]
    rows += [_row(one, everywhere=everywhere) for one in events]
    session.write(columns_text(rows))
    if follows:
        for change in session.client.watch(
            kind, namespace, selection, after=page.revision, timeout_s=session.timeout_s
        ):
            if change.type in ("ADDED", "MODIFIED") and _is_wanted(arguments, change.object):
                session.write(columns_text([_row(change.object, everywhere=everywhere)]))
    return None


def _selection(session: Session, arguments: Arguments) -> Selection:
    about = arguments.text("for")
    if not about:
        return Selection()
    word, slash, name = about.partition("/")
    if not slash:
        raise CliError("--for must be in resource/name form")
    kind = session.resources.find(word)
    return Selection(fields=f"involvedObject.kind={kind.name},involvedObject.name={name}")


def _check_types(arguments: Arguments) -> None:
    if any(one.lower() not in ("normal", "warning") for one in arguments.list("types")):
        raise CliError("valid --types are Normal or Warning")


def _is_wanted(arguments: Arguments, event: Json) -> bool:
    types = [one.lower() for one in arguments.list("types")]
    return not types or str(event.get("type", "")).lower() in types


def _headers(*, everywhere: bool) -> list[str]:
    headers = ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    return ["NAMESPACE", *headers] if everywhere else headers


def _row(event: Json, *, everywhere: bool) -> list[str]:
    about = event.get("involvedObject") or {}
    now = SystemClock().now()
    age = times.age(times.seconds_between(last_seen(event), now)) if last_seen(event) else ""
    count = int((event.get("series") or {}).get("count") or event.get("count") or 1)
    first = event.get("firstTimestamp")
    if count > 1 and first:
        age += f" (x{count} over {times.age(times.seconds_between(first, now))})"
    row = [
        age,
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind')}/{about.get('name')}",
        str(event.get("message", "")).strip(),
    ]
    return [event["metadata"].get("namespace", ""), *row] if everywhere else row


COMMAND = Command(
    about="List events in the order in which they happened.",
    usage="events [(-o|--output=)json|yaml|name] [--for TYPE/NAME] [--types=Normal,Warning]",
    examples="""
# List what happened
knarr events

# List the warnings about a pod
knarr events --for=pod/web --types=Warning
""",
    flags=(
        *PRINT_FLAGS,
        CHUNK_FLAG,
        truth("all-namespaces", "A", help="List events across all namespaces"),
        truth("watch", "w", help="Go on with what happens"),
        truth("no-headers", help="Don't print headers"),
        text("for", help="Only events about this object, TYPE/NAME"),
        words("types", help="Only events of these types"),
    ),
    run=run,
)
