"""`get`: objects as tables, or in any form that `-o` asks for."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from msgspec import Struct, field

from knarr.api.kind import Kind
from knarr.cli.command import Command
from knarr.cli.failures import CliError, PlainError, raise_all
from knarr.cli.flags import Arguments, text, truth, words
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.output.kind_table import table_options
from knarr.cli.output.printer import GET_FORMATS, PRINT_FLAGS, Printer, list_of, printer_of
from knarr.cli.output.table import TableText
from knarr.cli.resources import label
from knarr.cli.selecting import (
    CHUNK_FLAG,
    Named,
    check_selectors,
    named,
    selection_of,
    selector_flags,
    unable_to_find,
)
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError

Json = dict[str, Any]

FLAGS = (
    *PRINT_FLAGS,
    *selector_flags(),
    *file_flags("identifying the resource to get from the server"),
    CHUNK_FLAG,
    truth("watch", "w", help="After listing/getting the requested object, watch for changes"),
    truth("watch-only", help="Watch for changes without listing/getting first"),
    truth("live", default=True, help="On a terminal, show a watched table that changes in place"),
    truth("output-watch-events", help="Output watch event objects when --watch is used"),
    truth("no-headers", help="Don't print headers"),
    truth("show-labels", help="Show all labels as the last column"),
    truth("show-kind", help="List the resource type for the requested object(s)"),
    words("label-columns", "L", help="Labels that are presented as columns"),
    text("sort-by", help="Sort by this field, a JSONPath expression such as '.metadata.name'"),
    text("subresource", help="The subresource to get: status or scale"),
    truth("ignore-not-found", help="End well when the requested object does not exist"),
    truth("server-print", default=True, help="Ignored: the server makes the tables"),
    text("raw", help="Raw URI to request from the server"),
)


class _Piece(Struct):
    """One answer: a Table (for people) or objects, of one kind."""

    kind: Kind
    table: Json = field(default_factory=dict)
    objects: list[Json] = field(default_factory=list)


def run(session: Session, arguments: Arguments) -> int | None:
    """Get and print."""
    _check(arguments)
    if arguments.text("raw"):
        from knarr.cli.raw import request  # noqa: PLC0415

        session.write(request(session, "GET", arguments.text("raw")))
        return None
    asked = _asked(session, arguments)
    printer = printer_of(arguments, GET_FORMATS)
    if arguments.truth("watch") or arguments.truth("watch-only"):
        from knarr.cli.watching import watch  # noqa: PLC0415

        return watch(session, arguments, asked, printer)
    for_people = printer is None and arguments.text("output") != "name"
    form = ""
    if for_people:
        form = "Table/Object" if arguments.text("sort-by") else "Table"
    pieces, errors = _fetch(session, arguments, asked, form)
    if for_people:
        printed = _print_tables(session, arguments, pieces)
        if not printed and not errors and not arguments.truth("ignore-not-found"):
            session.tell(_nothing_found(session, arguments, asked))
    else:
        _print_objects(session, arguments, asked, pieces, printer)
    raise_all(errors)
    return None


def _check(arguments: Arguments) -> None:
    if arguments.text("raw") and arguments.words:
        raise CliError("arguments may not be passed when --raw is specified")
    watches = arguments.truth("watch") or arguments.truth("watch-only")
    if arguments.truth("output-watch-events") and not watches:
        raise CliError("--output-watch-events option can only be used with --watch or --watch-only")


def _asked(session: Session, arguments: Arguments) -> Named:
    if is_file_given(arguments):
        found = files_of(session, arguments)
        return Named(objects=[(one.kind, one.name) for one in found])
    if not arguments.words:
        program = session.program
        raise PlainError(
            "You must specify the type of resource to get. Use "
            f'"{program} api-resources" for a complete list of supported resources.\n\n'
            "error: Required resource not specified.\n"
            f'Use "{program} explain <resource>" for a detailed description of that resource '
            f"(e.g. {program} explain pods).\nSee '{program} get -h' for help and examples"
        )
    asked = named(session, arguments.words)
    check_selectors(asked, selection_of(arguments))
    if arguments.truth("all-namespaces") and any(kind.namespaced for kind, _ in asked.objects):
        raise CliError("a resource cannot be retrieved by name across all namespaces")
    return asked


def _fetch(
    session: Session, arguments: Arguments, asked: Named, form: str
) -> tuple[list[_Piece], list[Exception]]:
    pieces: list[_Piece] = []
    errors: list[Exception] = []
    subresource = arguments.text("subresource")
    for kind, name in asked.objects:
        try:
            got = session.client.get(
                kind, session.namespace, name, subresource=subresource, form=form
            )
            pieces.append(_piece(kind, [got], form))
        except StatusError as error:
            if error.reason != "NotFound" or not arguments.truth("ignore-not-found"):
                errors.append(error)
    selection = selection_of(arguments)
    namespace = "" if arguments.truth("all-namespaces") else session.namespace
    chunk = max(0, arguments.number("chunk-size"))
    for kind in asked.kinds:
        try:
            page = session.client.list(kind, namespace, selection, form=form, chunk=chunk)
            pieces.append(_piece(kind, page.objects, form))
        except StatusError as error:
            errors.append(unable_to_find(error, kind, selection))
    return pieces, errors


def _piece(kind: Kind, answers: list[Json], form: str) -> _Piece:
    if not form:
        return _Piece(kind, objects=answers)
    rows = [row for table in answers for row in table.get("rows") or []]
    return _Piece(kind, {**answers[0], "rows": rows})


def _nothing_found(session: Session, arguments: Arguments, asked: Named) -> str:
    everywhere = arguments.truth("all-namespaces")
    if everywhere or not any(kind.namespaced for kind in asked.kinds):
        return "No resources found"
    return f"No resources found in {session.namespace} namespace."


def _print_tables(session: Session, arguments: Arguments, pieces: Sequence[_Piece]) -> int:
    """Print one table a kind; answer how many rows there were."""
    with_kind = arguments.truth("show-kind") or len({piece.kind for piece in pieces}) > 1
    printed = 0
    for kind, group in groupby(pieces, key=lambda piece: piece.kind):
        table = TableText(table_options(arguments, kind, with_kind=with_kind))
        rows: list[Json] = []
        for piece in group:
            table.learn(piece.table)
            rows += piece.table["rows"]
        if not rows:
            continue
        if arguments.text("sort-by"):
            objects = [row.get("object") or {} for row in rows]
            try:
                rows = [rows[place] for place in _places(arguments, objects)]
            except CliError:
                continue  # Rows that cannot be sorted are not shown, as kubectl does.
        if printed:
            session.say("")
        session.write(table.text(rows))
        printed += len(rows)
    return printed


def _places(arguments: Arguments, objects: Sequence[Json]) -> list[int]:
    from knarr.cli.sorting import places  # noqa: PLC0415

    return places(arguments.text("sort-by"), objects)


def _print_objects(
    session: Session,
    arguments: Arguments,
    asked: Named,
    pieces: Sequence[_Piece],
    printer: Printer | None,
) -> None:
    pairs = [(piece.kind, obj) for piece in pieces for obj in piece.objects]
    if arguments.text("sort-by"):
        order = _places(arguments, [obj for _, obj in pairs])
        pairs = [pairs[place] for place in order]
    if printer is None:
        for kind, obj in pairs:
            session.say(f"{label(kind)}/{obj['metadata']['name']}")
    elif asked.is_single:
        if pairs:
            session.write(printer(pairs[0][1]))
    elif pairs or asked.kinds:
        session.write(printer(list_of([obj for _, obj in pairs])))


COMMAND = Command(
    about="Display one or many resources, as tables or in any form that -o names.",
    usage=(
        "get [(-o|--output=)json|yaml|name|wide|jsonpath=…|custom-columns=…|go-template=…] "
        "(TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags]"
    ),
    examples="""
# List all pods with more about them
knarr get pods -o wide

# List the names of everything in the namespace
knarr get all -o name

# Show the phase of a pod
knarr get pod web -o jsonpath={.status.phase}

# List pods with their labels, sorted by name
knarr get pods --show-labels --sort-by=.metadata.name

# Choose the columns
knarr get pods -o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image
""",
    flags=FLAGS,
    run=run,
)
