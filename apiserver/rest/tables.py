"""Tables: the columns `kubectl get` prints, one row an object."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from apiserver.registry.request import ListPage
from apiserver.rest.pages import list_meta
from apiserver.rest.partial import metadata_of, partial_object
from apiserver.rest.watch import Frame, bookmark
from apiserver.storage.entry import Entry, Event
from apiserver.strategies.table import strategy_of
from knarr.api.errors import BadRequestError
from knarr.api.kinds import Kind

_INCLUDES = ("", "Metadata", "None", "Object")
_NAME_TEXT = (
    "Name must be unique within a namespace. Is required when creating resources, although some "
    "resources may allow a client to request the generation of an appropriate name automatically. "
    "Name is primarily intended for creation idempotence and configuration definition. Cannot be "
    "updated. More info: "
    "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
)
_CREATED_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. "
    "It is not guaranteed to be set in happens-before order across separate operations. Clients "
    "may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the "
    "system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
_PLAIN_COLUMNS: tuple[dict[str, Any], ...] = (
    {"name": "Name", "type": "string", "format": "name", "description": _NAME_TEXT, "priority": 0},
    {
        "name": "Created At",
        "type": "date",
        "format": "",
        "description": _CREATED_TEXT,
        "priority": 0,
    },
)


def columns_of(kind: Kind) -> Sequence[dict[str, Any]]:
    """The columns of a kind as a Table defines them."""
    return _PLAIN_COLUMNS


def _cells(kind: Kind, entry: Entry, now: datetime) -> Sequence[Any]:
    try:
        return strategy_of(kind).row(entry.object, now)
    except NotImplementedError:
        metadata = msgspec.json.decode(metadata_of(entry))
        return [metadata.get("name", ""), metadata.get("creationTimestamp")]


def _row(kind: Kind, entry: Entry, version: str, include: str, now: datetime) -> bytes:
    cells = msgspec.json.encode(_cells(kind, entry, now))
    if include == "None":
        return b'{"cells":%s,"object":null}' % cells
    obj = entry.whole(kind) if include == "Object" else partial_object(entry, version)
    return b'{"cells":%s,"object":%s}' % (cells, obj)


def _table(version: str, meta: bytes, columns: bytes, rows: bytes) -> bytes:
    head = b'{"kind":"Table","apiVersion":"meta.k8s.io/%s","metadata":%s' % (version.encode(), meta)
    return head + b',"columnDefinitions":%s,"rows":[%s]}\n' % (columns, rows)


def _check(include: str) -> str:
    if include not in _INCLUDES:
        raise BadRequestError(f'unrecognized includeObject value: "{include}"')
    return include or "Metadata"


def table_of(kind: Kind, entry: Entry, version: str, include: str, now: datetime) -> bytes:
    """One object as a Table."""
    meta = b'{"resourceVersion":"%d"}' % entry.revision if entry.revision else b"{}"
    columns = msgspec.json.encode(columns_of(kind))
    return _table(version, meta, columns, _row(kind, entry, version, _check(include), now))


def table_of_page(kind: Kind, page: ListPage, version: str, include: str, now: datetime) -> bytes:
    """A list as a Table."""
    include = _check(include)
    rows = b",".join([_row(kind, entry, version, include, now) for entry in page.entries])
    return _table(version, list_meta(page), msgspec.json.encode(columns_of(kind)), rows)


def table_line(kind: Kind, version: str, include: str, now: Callable[[], datetime]) -> Frame:
    """Lines of a watch whose objects are Tables; only the first one defines the columns."""
    include = _check(include)
    columns = msgspec.json.encode(columns_of(kind))

    def line(event: Event) -> bytes:
        nonlocal columns
        entry = event.entry
        if entry is None:
            table = bookmark("Table", f"meta.k8s.io/{version}", event)[:-1]
            table += b',"columnDefinitions":%s,"rows":[]}' % columns
        else:
            row = _row(kind, entry, version, include, now())
            meta = b'{"resourceVersion":"%d"}' % entry.revision
            table = _table(version, meta, columns, row).rstrip()
        columns = b"null"
        return b'{"type":"%s","object":%s}\n' % (event.type.encode(), table)

    return line
