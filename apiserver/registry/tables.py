"""Tables: the columns `kubectl get` prints, one row an object."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec

from apiserver.registry.custom_object import CustomObject
from apiserver.registry.partial import bookmark, list_meta, partial_object
from apiserver.registry.request import ListPage
from apiserver.storage.entry import Entry, Event
from apiserver.strategies.table import strategy_of
from knarr.api import codec
from knarr.api.columns import columns
from knarr.api.core.pod import Pod
from knarr.api.errors import BadRequestError
from knarr.api.kind import Kind
from knarr.api.printing.cells import age
from knarr.api.printing.custom import cell

_INCLUDES = ("", "Metadata", "None", "Object")


@lru_cache(maxsize=512)
def _definitions(kind: Kind) -> bytes:
    """The columns of a kind as a Table defines them."""
    return msgspec.json.encode(columns(kind))


def _cells(kind: Kind, entry: Entry, now: datetime) -> Sequence[Any]:
    if kind.columns:
        return _custom_cells(kind, entry, now)
    try:
        return strategy_of(kind).row(entry.object, now)
    except NotImplementedError:
        metadata = entry.object.metadata  # type: ignore[attr-defined]  # every object has metadata
        return [metadata.name, age(metadata, now)]


def _custom_cells(kind: Kind, entry: Entry, now: datetime) -> Sequence[Any]:
    assert isinstance(entry.object, CustomObject), "only custom kinds bring their columns along"
    meta = entry.object.metadata
    plain = {"metadata": codec.to_plain(meta), **entry.object.content}
    return [meta.name, *(cell(column, plain, now) for column in kind.columns)]


def _over(reason: str, message: str) -> bytes:
    condition = {"type": "Completed", "status": "True", "reason": reason, "message": message}
    return b',"conditions":' + msgspec.json.encode([condition])


_OVER = {
    "Failed": _over("Failed", "The pod failed."),
    "Succeeded": _over("Succeeded", "The pod has completed successfully."),
}
"""What follows the cells of a pod that is over, by its phase."""


def _row(kind: Kind, entry: Entry, version: str, include: str, now: datetime) -> bytes:
    cells = msgspec.json.encode(_cells(kind, entry, now))
    if isinstance(entry.object, Pod):
        cells += _OVER.get(entry.object.status.phase, b"")
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
    definitions = _definitions(kind)
    return _table(version, meta, definitions, _row(kind, entry, version, _check(include), now))


def table_of_page(kind: Kind, page: ListPage, version: str, include: str, now: datetime) -> bytes:
    """A list as a Table."""
    include = _check(include)
    rows = b",".join([_row(kind, entry, version, include, now) for entry in page.entries])
    return _table(version, list_meta(page), _definitions(kind), rows)


def event_tables(
    kind: Kind, version: str, include: str, now: Callable[[], datetime]
) -> Callable[[Event], bytes]:
    """Makes the objects of one watch Tables; only the first one defines the columns."""
    include = _check(include)
    definitions = _definitions(kind)

    def table(event: Event) -> bytes:
        nonlocal definitions
        entry = event.entry
        if entry is None:
            made = bookmark("Table", f"meta.k8s.io/{version}", event)[:-1]
            made += b',"columnDefinitions":%s,"rows":[]}' % definitions
        else:
            row = _row(kind, entry, version, include, now())
            meta = b'{"resourceVersion":"%d"}' % entry.revision
            made = _table(version, meta, definitions, row).rstrip()
        definitions = b"null"
        return made

    return table
