"""What an expression consists of. Every node knows where in the text it begins."""

from typing import Any, Union

from msgspec import Struct

Node = Union[
    "Literal", "Ident", "Select", "Index", "Call", "ListOf", "MapOf", "Message", "Comprehension"
]


class Literal(Struct, frozen=True):
    """A value written out."""

    value: Any
    at: int = 0


class Ident(Struct, frozen=True):
    """A name."""

    name: str
    at: int = 0


class Select(Struct, frozen=True):
    """A field of a value: `a.b`, `a.?b`, or `has(a.b)`."""

    operand: Node
    field: str
    at: int = 0
    is_optional: bool = False
    is_test: bool = False


class Index(Struct, frozen=True):
    """An item of a list or a map: `a[b]` or `a[?b]`."""

    operand: Node
    key: Node
    at: int = 0
    is_optional: bool = False


class Call(Struct, frozen=True):
    """A function or an operator; `target` is what stands before the dot."""

    name: str
    target: Node | None
    args: tuple[Node, ...]
    at: int = 0


class ListOf(Struct, frozen=True):
    """A list written out; optional items are left out when they are none."""

    items: tuple[tuple[Node, bool], ...]
    at: int = 0


class MapOf(Struct, frozen=True):
    """A map written out."""

    entries: tuple[tuple[Node, Node, bool], ...]
    at: int = 0


class Message(Struct, frozen=True):
    """An object written out with its type: `Object.spec{replicas: 1}`."""

    type_name: str
    fields: tuple[tuple[str, Node, bool], ...]
    at: int = 0


class Comprehension(Struct, frozen=True):
    """A macro that binds names: `range.macro(names, args)`."""

    macro: str
    range: Node
    names: tuple[str, ...]
    args: tuple[Node, ...]
    at: int = 0


def names_in(node: Node) -> frozenset[str]:
    """Every name that an expression mentions, bound ones included."""
    found: set[str] = set()
    waiting: list[Any] = [node]
    while waiting:
        each = waiting.pop()
        if isinstance(each, Ident):
            found.add(each.name)
        elif isinstance(each, tuple):
            waiting.extend(each)
        elif hasattr(each, "__struct_fields__"):
            waiting.extend(getattr(each, name) for name in each.__struct_fields__)
    return frozenset(found)
