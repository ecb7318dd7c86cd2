"""Text in columns, and the server's Tables as such text."""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

Json = dict[str, Any]

_WIDTH_MIN = 6
_GAP = 3


def columns_text(rows: Sequence[Sequence[str]], *, gap: int = _GAP, width_min: int = 0) -> str:
    """Rows as aligned columns; the last cell of a row is not padded."""
    widths: list[int] = []
    for row in rows:
        for place, cell in enumerate(row):
            if place == len(widths):
                widths.append(max(width_min, 0))
            widths[place] = max(widths[place], len(cell) + gap)
    lines = []
    for row in rows:
        cells = [cell.ljust(widths[place]) for place, cell in enumerate(row[:-1])]
        lines.append(("".join(cells) + (row[-1] if row else "")).rstrip())
    return "".join(f"{line}\n" for line in lines)


class TableOptions(Struct, frozen=True, kw_only=True):
    """How a Table is shown."""

    is_wide: bool = False
    has_headers: bool = True
    has_namespace: bool = False
    kind_label: Callable[[Json], str] | None = None
    """What stands before each name, as `pod/`."""
    labels: Sequence[str] = ()
    """Labels with a column of their own."""
    all_labels: bool = False


class TableText:
    """Makes text of the Tables of one kind; the columns come with the first of them."""

    def __init__(self, options: TableOptions) -> None:
        self._options = options
        self._columns: list[Json] = []
        self._widths: list[int] = []

    def learn(self, table: Json) -> None:
        """Keep the columns of a Table that defines them."""
        if table.get("columnDefinitions"):
            self._columns = table["columnDefinitions"]

    def text(self, rows: Sequence[Json], *, has_headers: bool | None = None) -> str:
        """Rows of such a Table as text."""
        options = self._options
        with_headers = options.has_headers if has_headers is None else has_headers
        lines = [self.headers()] if with_headers else []
        lines += [self.cells(row) for row in rows]
        return columns_text(lines, width_min=_WIDTH_MIN)

    def headers(self) -> list[str]:
        """The headers that are shown."""
        options = self._options
        names = ["NAMESPACE"] if options.has_namespace else []
        names += [column["name"].upper() for column in self._shown()]
        names += [label.rsplit("/", 1)[-1].upper() for label in options.labels]
        return [*names, "LABELS"] if options.all_labels else names

    def cells(self, row: Json) -> list[str]:
        """The cells of one row that are shown."""
        options = self._options
        metadata = (row.get("object") or {}).get("metadata") or {}
        labels = metadata.get("labels") or {}
        texts = [metadata.get("namespace", "")] if options.has_namespace else []
        for place, column in enumerate(self._columns):
            if column.get("priority", 0) and not options.is_wide:
                continue
            cell = cell_text(row["cells"][place] if place < len(row["cells"]) else None)
            if place == 0 and options.kind_label is not None:
                cell = options.kind_label(row) + cell
            texts.append(cell)
        texts += [labels.get(label, "") for label in options.labels]
        return [*texts, labels_text(labels)] if options.all_labels else texts

    def _shown(self) -> list[Json]:
        return [
            column
            for column in self._columns
            if self._options.is_wide or not column.get("priority", 0)
        ]


def cell_text(value: Any) -> str:
    """A cell as it is shown: one line."""
    if value is None:
        return "<none>"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    head, line_break, _ = text.partition("\n")
    return f"{head}..." if line_break else text


def labels_text(labels: Json) -> str:
    """Labels on one line, sorted."""
    return ",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>"
