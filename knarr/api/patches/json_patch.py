"""JSON patch (RFC 6902), as Kubernetes' library reads it.

It is more lenient than the RFC in places that clients have come to rely on:
`replace` of a field that is not there adds it, a missing `value` is null, a
negative index counts from the end, a path without its first slash loses its
first word.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from knarr.api.json_text import syntax_error
from knarr.api.patches.errors import PatchTestError, PatchTextError, json_kind

OPERATIONS_MAX = 10_000
"""Kubernetes refuses longer patches."""

_FIELDS = ("op", "path", "from", "value")

Operation = Mapping[str, Any]


def read(data: bytes) -> list[Operation]:
    """The operations of a patch's text. Raise PatchTextError."""
    try:
        operations = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise PatchTextError(syntax_error(data) or str(error)) from error
    if operations is None:
        return []
    if not isinstance(operations, list):
        raise PatchTextError(
            f"json: cannot unmarshal {json_kind(operations)} into Go value of type "
            "[]handlers.jsonPatchOp"
        )
    for operation in operations:
        if operation is not None and not isinstance(operation, dict):
            raise PatchTextError(
                f"json: cannot unmarshal {json_kind(operation)} into Go value of type "
                "handlers.jsonPatchOp"
            )
    return operations


def complaints(operations: Sequence[Operation]) -> list[str]:
    """What field validation says of the operations."""
    return [
        f'json patch unknown field "[{index}].{name}"'
        for index, operation in enumerate(operations)
        for name in operation or ()
        if name not in _FIELDS
    ]


def apply(document: Any, operations: Sequence[Operation]) -> Any:
    """The document with the operations carried out in order. Raise PatchTestError."""
    for operation in operations:
        word = (operation or {}).get("op")
        carry_out = _OPERATIONS.get(word) if isinstance(word, str) else None
        if carry_out is None or not isinstance(operation.get("path"), str):
            raise PatchTestError(f"Unexpected kind: {word}")
        document = carry_out(document, operation)
    return document


def _add(document: Any, operation: Operation) -> Any:
    return _change(document, operation["path"], _setter(operation.get("value"), insert=True))


def _replace(document: Any, operation: Operation) -> Any:
    if operation["path"] == "":
        return operation.get("value")
    return _change(document, operation["path"], _setter(operation.get("value"), insert=False))


def _remove(document: Any, operation: Operation) -> Any:
    return _change(document, operation["path"], _unset)


def _move(document: Any, operation: Operation) -> Any:
    source = _from(operation)
    value = _get(document, source)
    document = _change(document, source, _unset)
    return _change(document, operation["path"], _setter(value, insert=True))


def _copy(document: Any, operation: Operation) -> Any:
    value = _get(document, _from(operation))
    return _change(document, operation["path"], _setter(value, insert=True))


def _test(document: Any, operation: Operation) -> Any:
    path = operation["path"]
    found = document if path == "" else _get(document, path)
    wanted = operation.get("value")
    if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
        raise PatchTestError(f"testing value {path} failed")
    return document


_OPERATIONS: Mapping[str, Callable[[Any, Operation], Any]] = {
    "add": _add,
    "replace": _replace,
    "remove": _remove,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _from(operation: Operation) -> str:
    source = operation.get("from")
    if not isinstance(source, str):
        raise PatchTestError("missing from")
    return source


def _words(path: str) -> list[str]:
    words = path.split("/")
    if len(words) < 2:
        raise PatchTestError(f"path does not exist: {path}")
    return [word.replace("~1", "/").replace("~0", "~") for word in words[1:]]


def _index(word: str, length: int) -> int:
    try:
        index = int(word)
    except ValueError:
        raise PatchTestError(f"{word} is no index") from None
    if index < 0:
        index += length
    if not 0 <= index < length:
        raise PatchTestError(f"Unable to access invalid index: {word}")
    return index


def _get(document: Any, path: str) -> Any:
    for at, word in enumerate(words := _words(path)):
        if isinstance(document, list):
            document = document[_index(word, len(document))]
        elif isinstance(document, dict):
            if word not in document and at < len(words) - 1:
                raise PatchTestError(f"path does not exist: {path}")
            document = document.get(word)
        else:
            raise PatchTestError(f"path does not exist: {path}")
    return document


def _change(document: Any, path: str, change: Callable[[Any, str], None]) -> Any:
    """Copy what lies along the path, and let `change` work on the last container."""
    words = _words(path)
    root = container = _copy_of(document, path)
    for word in words[:-1]:
        key: Any = _index(word, len(container)) if isinstance(container, list) else word
        if isinstance(container, dict) and key not in container:
            raise PatchTestError(f"path does not exist: {path}")
        container[key] = _copy_of(container[key], path)
        container = container[key]
    change(container, words[-1])
    return root


def _copy_of(container: Any, path: str) -> Any:
    if isinstance(container, dict):
        return dict(container)
    if isinstance(container, list):
        return list(container)
    raise PatchTestError(f"path does not exist: {path}")


def _setter(value: Any, *, insert: bool) -> Callable[[Any, str], None]:
    def put(container: Any, word: str) -> None:
        if isinstance(container, dict):
            container[word] = value
        elif not insert:
            container[_index(word, len(container))] = value
        elif word == "-":
            container.append(value)
        else:
            container.insert(_index(word, len(container) + 1), value)

    return put


def _unset(container: Any, word: str) -> None:
    if isinstance(container, list):
        del container[_index(word, len(container))]
    elif word in container:
        del container[word]
    else:
        raise PatchTestError(f"Unable to remove nonexistent key: {word}")
