"""`get --watch`: what is there, then every change as it comes."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from knarr.api.kind import Kind
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments
from knarr.cli.output.json_text import compact_json
from knarr.cli.output.kind_table import table_options
from knarr.cli.output.printer import Printer
from knarr.cli.output.table import TableText
from knarr.cli.resources import label
from knarr.cli.selecting import Named, selection_of
from knarr.cli.session import Session
from knarr.client.dynamic import Change, Page, Selection

Json = dict[str, Any]


def watch(
    session: Session, arguments: Arguments, asked: Named, printer: Printer | None
) -> int | None:
    """Print what is there and then what changes, until the time is up or the user stops it."""
    if len(asked.objects) + len(asked.kinds) != 1:
        raise CliError("watch is only supported on individual resources and resource collections")
    selection, name = selection_of(arguments), ""
    if asked.objects:
        kind, name = asked.objects[0]
        selection = Selection(fields=f"metadata.name={name}")
        session.client.get(kind, session.namespace, name)
    else:
        kind = asked.kinds[0]
    namespace = "" if arguments.truth("all-namespaces") else session.namespace
    show = _shower(session, arguments, kind, printer)
    form = "" if printer is not None or arguments.text("output") == "name" else "Table"
    page = session.client.list(kind, namespace, selection, form=form)
    if isinstance(show, _Rows) and arguments.truth("live") and sys.stdout.isatty():
        _live(session, arguments, show.table, _Watched(kind, namespace, selection, page))
        return None
    if not arguments.truth("watch-only"):
        show.show(Change("ADDED", obj, page.revision) for obj in page.objects)
    show.show(
        change
        for change in session.client.watch(
            kind, namespace, selection, after=page.revision, form=form, timeout_s=session.timeout_s
        )
        if change.type != "BOOKMARK"
    )
    return None


class _Watched(Struct, frozen=True):
    """What is watched, and what is there of it."""

    kind: Kind
    namespace: str
    selection: Selection
    page: Page


def _live(session: Session, arguments: Arguments, table: TableText, what: _Watched) -> None:
    """Show a table that changes in place, until the time is up or the user stops it."""
    from knarr.cli.live import LiveTable, drawing  # noqa: PLC0415

    rows = LiveTable(table, time.monotonic)
    if not arguments.truth("watch-only"):
        for obj in what.page.objects:
            rows.take(Change("ADDED", obj, what.page.revision), is_first=True)
    else:
        for obj in what.page.objects:
            table.learn(obj)
    with drawing(rows.drawn):
        for change in session.client.watch(
            what.kind, what.namespace, what.selection,
            after=what.page.revision, form="Table", timeout_s=session.timeout_s,
        ):  # fmt: skip
            if change.type != "BOOKMARK":
                rows.take(change)


def _shower(
    session: Session, arguments: Arguments, kind: Kind, printer: Printer | None
) -> "_Names | _Objects | _Rows":
    if arguments.text("output") == "name":
        return _Names(session, kind)
    if printer is not None:
        return _Objects(session, arguments, printer)
    return _Rows(session, arguments, kind)


class _Names:
    def __init__(self, session: Session, kind: Kind) -> None:
        self._session = session
        self._kind = kind

    def show(self, changes: Iterator[Change]) -> None:
        for change in changes:
            self._session.say(f"{label(self._kind)}/{change.object['metadata']['name']}")
            flush()


class _Objects:
    def __init__(self, session: Session, arguments: Arguments, printer: Printer) -> None:
        self._session = session
        self._printer = printer
        self._with_events = arguments.truth("output-watch-events")
        self._is_yaml = arguments.text("output") == "yaml"
        self._count = 0

    def show(self, changes: Iterator[Change]) -> None:
        for change in changes:
            if self._is_yaml and self._count:
                self._session.say("---")
            self._count += 1
            if self._with_events:
                event = {"object": change.object, "type": change.type}
                self._session.say(compact_json(event))
            else:
                self._session.write(self._printer(change.object))
            flush()


class _Rows:
    def __init__(self, session: Session, arguments: Arguments, kind: Kind) -> None:
        self._session = session
        with_kind = arguments.truth("show-kind")
        self.table = TableText(table_options(arguments, kind, with_kind=with_kind))
        self._has_headers = not arguments.truth("no-headers")

    def show(self, changes: Iterator[Change]) -> None:
        for change in changes:
            self.table.learn(change.object)
            rows = change.object.get("rows") or []
            if rows:
                self._session.write(self.table.text(rows, has_headers=self._has_headers))
                self._has_headers = False
                flush()


_Shower = _Names | _Objects | _Rows


def flush() -> None:
    """Show at once what was written."""
    sys.stdout.flush()
