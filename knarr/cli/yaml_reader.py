"""YAML texts as the JSON values they stand for, document by document.

Dates stay the text they were, as in JSON. A kubeconfig as programs write it
needs no YAML library: the plain subset is read here, for a command that
starts a thousand times a day.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

_LINE = re.compile(r"( *)((?:- +)*)(?:([A-Za-z0-9_./-]+):(?: +(.*))?|(.*))$")
_PLAIN = re.compile(r"[A-Za-z0-9/._+][A-Za-z0-9/._+=:@,-]*(?<!:)$")
_NUMBER = re.compile(r"[-+]?[0-9.][0-9_.eExXoa-fA-F+:-]*$")
_WORDS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "{}": {},
    "[]": [],
    '""': "",
    "''": "",
}
_BOOLEANS = {"yes", "no", "on", "off", "y", "n", "~"}


class YamlTextError(ValueError):
    """The text is no YAML."""


class _NotPlainError(Exception):
    """The text needs the library."""


def read_yaml(text: str) -> Iterator[Any]:
    """The documents of a text; empty ones are left out. Raise YamlTextError."""
    try:
        yield _read_plain(text)
        return
    except _NotPlainError:
        pass
    yield from _read_whole(text)


def _read_whole(text: str) -> Iterator[Any]:
    import yaml  # noqa: PLC0415  # It takes longer to import than most commands take.

    try:
        for document in yaml.load_all(text, Loader=_loader(yaml)):
            if document is not None:
                yield _json_keys(document)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise YamlTextError(f"yaml: {where}{error.problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise YamlTextError(f"yaml: {error}") from None


def _loader(yaml: Any) -> Any:
    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rules = {
        letter: [(tag, rule) for tag, rule in found if not tag.endswith((":timestamp", ":value"))]
        for letter, found in base.yaml_implicit_resolvers.items()
    }
    return type("_Loader", (base,), {"yaml_implicit_resolvers": rules})


def _json_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _json_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_keys(item) for item in value]
    return value


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)


def _read_plain(text: str) -> Any:
    """A document of plain block maps and lists. Raise _NotPlainError for anything else."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except ValueError:
            raise _NotPlainError from None
    rows: list[tuple[int, str | None, str]] = []
    for line in text.splitlines():
        if line.strip():
            rows += _rows(line)
    if not rows:
        raise _NotPlainError
    value, at = _block(rows, 0, rows[0][0])
    if at != len(rows):
        raise _NotPlainError
    return value


def _rows(line: str) -> Iterator[tuple[int, str | None, str]]:
    """A line as entries: (column, key or `-`, scalar)."""
    found = _LINE.match(line)
    if found is None or "\t" in line or "#" in line:
        raise _NotPlainError
    column = len(found[1])
    for dash in re.findall(r"- +", found[2]):
        yield column, "-", ""
        column += len(dash)
    if found[3] is not None:
        yield column, found[3], found[4] or ""
    elif found[5].rstrip() == "-":
        yield column, "-", ""
    else:
        yield column, None, found[5]


def _block(rows: list[tuple[int, str | None, str]], at: int, column: int) -> tuple[Any, int]:
    if rows[at][1] == "-":
        return _items(rows, at, column)
    if rows[at][1] is None:
        return _scalar(rows[at][2]), at + 1
    found: dict[str, Any] = {}
    while at < len(rows) and rows[at][0] == column:
        _, key, scalar = rows[at]
        if key is None or key == "-" or key in found:
            raise _NotPlainError
        at += 1
        if scalar:
            found[key] = _scalar(scalar)
            continue
        below = at < len(rows) and (
            rows[at][0] > column or (rows[at][0] == column and rows[at][1] == "-")
        )
        found[key], at = _block(rows, at, rows[at][0]) if below else (None, at)
    if at < len(rows) and rows[at][0] > column:
        raise _NotPlainError
    return found, at


def _items(rows: list[tuple[int, str | None, str]], at: int, column: int) -> tuple[Any, int]:
    items: list[Any] = []
    while at < len(rows) and rows[at][0] == column and rows[at][1] == "-":
        at += 1
        if at >= len(rows) or rows[at][0] <= column:
            raise _NotPlainError
        item, at = _block(rows, at, rows[at][0])
        items.append(item)
    return items, at


def _scalar(text: str) -> Any:
    text = text.strip()
    if text in _WORDS:
        word = _WORDS[text]
        return type(word)() if isinstance(word, dict | list) else word
    if re.fullmatch(r'"[^"\\]*"', text) or re.fullmatch(r"'[^']*'", text):
        return text[1:-1]
    is_number = _NUMBER.match(text) and text.count(".") < 2
    if not _PLAIN.match(text) or text.lower() in _BOOLEANS or is_number:
        raise _NotPlainError
    return text
