"""Turns the tree of an expression into closures: one call a node when it is run."""

from collections.abc import Callable
from typing import Any

from knarr.cel import numbers
from knarr.cel.comprehensions import comprehension
from knarr.cel.errors import CelError, no_key, no_overload
from knarr.cel.frame import Frame
from knarr.cel.functions import GLOBAL, TYPES, call_method
from knarr.cel.names import unescaped
from knarr.cel.tree import (
    Call,
    Comprehension,
    Ident,
    Index,
    ListOf,
    Literal,
    MapOf,
    Message,
    Node,
    Select,
)
from knarr.cel.values import NONE, Fields, Optional, compare, equal

Run = Callable[[Frame], Any]


def compiled(node: Node) -> Run:
    """What evaluates a node."""
    return _COMPILE[type(node)](node)


def _literal(node: Literal) -> Run:
    value = node.value
    return lambda frame: value


def _ident(node: Ident) -> Run:
    name = node.name

    def run(frame: Frame) -> Any:
        variables = frame.variables
        if name in variables:
            return variables[name]
        if name in TYPES:
            return TYPES[name]
        raise CelError(f"no such attribute(s): {name}")

    return run


_ABSENT = object()


def field_of(value: Any, name: str, plain: str) -> Any:
    """A field of a map or object, `_ABSENT` where it has none. Raise CelError for all others."""
    if isinstance(value, dict):
        found = value.get(name, _ABSENT)
        if found is _ABSENT and plain != name:
            found = value.get(plain, _ABSENT)
        return found
    if isinstance(value, Optional):
        if not value.is_there:
            return _ABSENT
        return field_of(value.value, name, plain)
    if isinstance(value, Fields):
        return value.field(name) if value.has_field(name) else _ABSENT
    raise no_overload(f"select {name}")


def _select(node: Select) -> Run:
    operand, name = compiled(node.operand), node.field
    plain = unescaped(name)
    if node.is_test:

        def has(frame: Frame) -> Any:
            found = field_of(operand(frame), name, plain)
            return found is not _ABSENT and not (isinstance(found, Optional) and found == NONE)

        return has

    def run(frame: Frame) -> Any:
        value = operand(frame)
        found = field_of(value, name, plain)
        # What is selected from an optional value stays optional.
        if node.is_optional or isinstance(value, Optional):
            if found is _ABSENT:
                return NONE
            return found if isinstance(found, Optional) else Optional(found, is_there=True)
        if found is _ABSENT:
            raise no_key(plain)
        return found

    return run


def item_of(value: Any, key: Any) -> Any:
    """An item of a list or map, `_ABSENT` where it has none."""
    if isinstance(value, dict):
        return value.get(key, _ABSENT) if not isinstance(key, list | dict) else _ABSENT
    if isinstance(value, list | tuple):
        if not numbers.is_number(key) or key != int(key):
            raise no_overload("_[_]")
        return value[int(key)] if 0 <= key < len(value) else _ABSENT
    if isinstance(value, Optional):
        return item_of(value.value, key) if value.is_there else _ABSENT
    raise no_overload("_[_]")


def _index(node: Index) -> Run:
    operand, key_of = compiled(node.operand), compiled(node.key)

    def run(frame: Frame) -> Any:
        value, key = operand(frame), key_of(frame)
        found = item_of(value, key)
        if node.is_optional or isinstance(value, Optional):
            return NONE if found is _ABSENT else Optional(found, is_there=True)
        if found is not _ABSENT:
            return found
        if isinstance(value, dict):
            raise no_key(key)
        raise CelError(f"index out of bounds: {key}")

    return run


def _list(node: ListOf) -> Run:
    items = [(compiled(item), optional) for item, optional in node.items]

    def run(frame: Frame) -> Any:
        found = []
        for item, optional in items:
            value = item(frame)
            if not optional:
                found.append(value)
            elif value.is_there:
                found.append(value.value)
        return found

    return run


def _map(node: MapOf) -> Run:
    entries = [(compiled(key), compiled(value), opt) for key, value, opt in node.entries]

    def run(frame: Frame) -> Any:
        found: dict[Any, Any] = {}
        for key_of, value_of, optional in entries:
            key, value = key_of(frame), value_of(frame)
            if optional:
                if not value.is_there:
                    continue
                value = value.value
            if isinstance(key, list | dict):
                raise CelError("unsupported key type")
            if key in found:
                raise CelError(f"duplicate key: {key}")
            found[key] = value
        return found

    return run


def _message(node: Message) -> Run:
    fields = [(unescaped(name), compiled(value), opt) for name, value, opt in node.fields]

    def run(frame: Frame) -> Any:
        found: dict[str, Any] = {}
        for name, value_of, optional in fields:
            value = value_of(frame)
            if optional:
                if not value.is_there:
                    continue
                value = value.value
            found[name] = value
        return found

    return run


def _either(node: Call) -> Run:
    left, right = (compiled(arg) for arg in node.args)

    def run(frame: Frame) -> Any:
        return _logic(left, right, frame, decisive=True)

    return run


def _both(node: Call) -> Run:
    left, right = (compiled(arg) for arg in node.args)

    def run(frame: Frame) -> Any:
        return _logic(left, right, frame, decisive=False)

    return run


def _logic(left: Run, right: Run, frame: Frame, *, decisive: bool) -> bool:
    """Whichever side decides wins, even over an error of the other."""
    try:
        first = left(frame)
    except CelError as error:
        decided = right(frame) is decisive
        if decided:
            return decisive
        raise error from None
    decided = first is decisive
    if decided:
        return decisive
    second = right(frame)
    decided = second is decisive
    if decided:
        return decisive
    if not isinstance(first, bool) or not isinstance(second, bool):
        raise no_overload("_||_" if decisive else "_&&_")
    return not decisive


def _choice(node: Call) -> Run:
    condition, then, otherwise = (compiled(arg) for arg in node.args)

    def run(frame: Frame) -> Any:
        value = condition(frame)
        if value is True:
            return then(frame)
        if value is False:
            return otherwise(frame)
        raise no_overload("_?_:_")

    return run


def _ordering(name: str, accepted: frozenset[int]) -> Callable[[Any, Any], bool]:
    def run(left: Any, right: Any) -> bool:
        order = compare(left, right)
        if order is None:
            raise no_overload(name)
        return order in accepted

    return run


def _within(item: Any, container: Any) -> bool:
    if isinstance(container, dict):
        return not isinstance(item, list | dict) and item in container
    if isinstance(container, list | tuple):
        return any(equal(item, each) for each in container)
    raise no_overload("@in")


_OPERATORS: dict[str, Callable[..., Any]] = {
    "_==_": equal,
    "_!=_": lambda left, right: not equal(left, right),
    "_<_": _ordering("_<_", frozenset({-1})),
    "_<=_": _ordering("_<=_", frozenset({-1, 0})),
    "_>_": _ordering("_>_", frozenset({1})),
    "_>=_": _ordering("_>=_", frozenset({0, 1})),
    "@in": _within,
}


def _not(value: Any) -> bool:
    if not isinstance(value, bool):
        raise no_overload("!_")
    return not value


def _call(node: Call) -> Run:
    special = _SPECIAL.get(node.name)
    if special is not None:
        return special(node)
    args = tuple(compiled(arg) for arg in node.args)
    function = _OPERATORS.get(node.name)
    if node.target is not None:
        qualified = _qualified(node)
        if qualified in GLOBAL:
            return _calling(GLOBAL[qualified], args, qualified)
        return _method(node, args)
    function = function or GLOBAL.get(node.name)
    if function is None:
        raise CelError(f"undeclared reference to '{node.name}' (in container '')")
    return _calling(function, args, node.name)


def _qualified(node: Call) -> str:
    parts = [node.name]
    target = node.target
    while isinstance(target, Select):
        parts.append(target.field)
        target = target.operand
    return ".".join((target.name, *reversed(parts))) if isinstance(target, Ident) else ""


def _calling(function: Callable[..., Any], args: tuple[Run, ...], name: str) -> Run:
    if len(args) == 1:
        only = args[0]

        def run_one(frame: Frame) -> Any:
            return _guarded(function, (only(frame),), name)

        return run_one

    def run(frame: Frame) -> Any:
        return _guarded(function, tuple([arg(frame) for arg in args]), name)

    return run


def _guarded(function: Callable[..., Any], values: tuple[Any, ...], name: str) -> Any:
    try:
        return function(*values)
    except (TypeError, AttributeError, OverflowError, ValueError):
        raise no_overload(name) from None


def _method(node: Call, args: tuple[Run, ...]) -> Run:
    assert node.target is not None, "methods have a target"
    target, name = compiled(node.target), node.name
    if name in ("or", "orValue"):
        return _or(target, args[0], name) if len(args) == 1 else _never(name)

    def run(frame: Frame) -> Any:
        values = tuple([arg(frame) for arg in args])
        return _guarded(call_method, (name, target(frame), values), name)

    return run


def _never(name: str) -> Run:
    def run(frame: Frame) -> Any:
        raise no_overload(name)

    return run


def _or(target: Run, other: Run, name: str) -> Run:
    def run(frame: Frame) -> Any:
        value = target(frame)
        if not isinstance(value, Optional):
            raise no_overload(name)
        if value.is_there:
            return value.value if name == "orValue" else value
        return other(frame)

    return run


_SPECIAL: dict[str, Callable[[Call], Run]] = {
    "_||_": _either,
    "_&&_": _both,
    "_?_:_": _choice,
}
_OPERATORS["!_"] = _not
_COMPILE: dict[type[Any], Callable[[Any], Run]] = {
    Literal: _literal,
    Ident: _ident,
    Select: _select,
    Index: _index,
    Call: _call,
    ListOf: _list,
    MapOf: _map,
    Message: _message,
    Comprehension: lambda node: comprehension(node, compiled),
}
