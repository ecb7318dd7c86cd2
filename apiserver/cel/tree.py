"""What an expression consists of. Every node knows where in the text it begins."""

from dataclasses import dataclass
from typing import Any, Union

Node = Union[
    "Literal", "Ident", "Select", "Index", "Call", "ListOf", "MapOf", "Message", "Comprehension"
]


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written out."""

    value: Any
    at: int = 0


@dataclass(frozen=True, slots=True)
class Ident:
    """A name."""

    name: str
    at: int = 0


@dataclass(frozen=True, slots=True)
class Select:
    """A field of a value: `a.b`, `a.?b`, or `has(a.b)`."""

    operand: Node
    field: str
    at: int = 0
    is_optional: bool = False
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Index:
    """An item of a list or a map: `a[b]` or `a[?b]`."""

    operand: Node
    key: Node
    at: int = 0
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator; `target` is what stands before the dot."""

    name: str
    target: Node | None
    args: tuple[Node, ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list written out; optional items are left out when they are none."""

    items: tuple[tuple[Node, bool], ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map written out."""

    entries: tuple[tuple[Node, Node, bool], ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """An object written out with its type: `Object.spec{replicas: 1}`."""

    type_name: str
    fields: tuple[tuple[str, Node, bool], ...]
    at: int = 0


@dataclass(frozen=True, slots=True)
class Comprehension:
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
        elif hasattr(each, "__dataclass_fields__"):
            waiting.extend(getattr(each, name) for name in each.__dataclass_fields__)
    return frozenset(found)
