"""`describe`: all that is known of objects, their events included."""

from typing import Any

from knarr.cli.command import Command
from knarr.cli.describing.sheet import About, Sheet
from knarr.cli.describing.table import writer_of
from knarr.cli.events_of import events_of
from knarr.cli.failures import PlainError, raise_all
from knarr.cli.flags import Arguments, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.selecting import (
    CHUNK_FLAG,
    Found,
    check_selectors,
    list_kind,
    named,
    selection_of,
    selector_flags,
    unable_to_find,
)
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError
from knarr.daemon.clock import SystemClock

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Describe what is meant."""
    if not arguments.words and not is_file_given(arguments):
        raise PlainError(
            "error: You must specify the type of resource to describe. Use "
            f'"{session.program} api-resources" for a complete list of supported resources.'
        )
    found, errors, by_prefix = _found(session, arguments)
    if not found and not errors:
        everywhere = arguments.truth("all-namespaces")
        where = "" if everywhere else f" in {session.namespace} namespace."
        session.tell(f"No resources found{where}")
        return None
    with_events = arguments.truth("show-events")
    if "show-events" not in arguments.given:
        with_events = len(found) == 1 and not by_prefix and not errors
    for place, one in enumerate(found):
        if place:
            session.write("\n\n")
        session.write(describe(session, one, with_events=with_events))
    raise_all(errors)
    return None


def _found(session: Session, arguments: Arguments) -> tuple[list[Found], list[Exception], bool]:
    found: list[Found] = []
    errors: list[Exception] = []
    for one in files_of(session, arguments):
        got = session.client.get(one.kind, one.namespace, one.name)
        found.append(Found(one.kind, one.namespace, one.name, got))
    if not arguments.words:
        return found, errors, False
    by_prefix = False
    asked, selection = named(session, arguments.words), selection_of(arguments)
    check_selectors(asked, selection)
    for kind, name in asked.objects:
        try:
            got = session.client.get(kind, session.namespace, name)
            found.append(Found(kind, got["metadata"].get("namespace", ""), name, got))
        except StatusError as error:
            near = _with_prefix(session, Found(kind, session.namespace, name, {}), error)
            found += near
            by_prefix = by_prefix or bool(near)
            errors += [] if near else [error]
    everywhere = arguments.truth("all-namespaces")
    for kind in asked.kinds:
        try:
            found += list_kind(session, kind, selection, everywhere=everywhere)
        except StatusError as error:
            errors.append(unable_to_find(error, kind, selection))
    return found, errors, by_prefix


def _with_prefix(session: Session, missing: Found, error: StatusError) -> list[Found]:
    """The objects whose names begin with that of one that is not there."""
    if error.reason != "NotFound":
        return []
    listed = list_kind(session, missing.kind)
    return [one for one in listed if one.name.startswith(missing.name)]


def describe(session: Session, found: Found, *, with_events: bool = True) -> str:
    """The description of one object."""
    events = events_of(session, found) if with_events else None
    sheet = Sheet()
    writer_of(found.kind)(sheet, found.object, About(session, SystemClock().now(), events))
    return sheet.text().rstrip("\n") + "\n"


COMMAND = Command(
    about="Show details of one or several objects, and what happened to them.",
    usage="describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [flags]",
    examples="""
# Describe a pod
knarr describe pod web

# Describe all pods with a label
knarr describe pods -l app=web

# Describe a deployment, without its events
knarr describe deployment/web --show-events=false
""",
    flags=(
        *selector_flags(has_fields=False),
        *file_flags("containing the resource to describe"),
        CHUNK_FLAG,
        truth(
            "show-events",
            default=True,
            help="If true, display events related to the object; left out, only for a single one",
        ),
    ),
    run=run,
)
