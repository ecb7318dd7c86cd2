"""Calls that are more than calls: they bind names or look at fields that may not be there."""

from knarr.cel.errors import CelSyntaxError
from knarr.cel.tree import Call, Comprehension, Ident, Node, Select

_BINDING: dict[tuple[str, int], int] = {
    ("all", 2): 1,
    ("exists", 2): 1,
    ("exists_one", 2): 1,
    ("existsOne", 2): 1,
    ("filter", 2): 1,
    ("map", 2): 1,
    ("map", 3): 1,
    ("sortBy", 2): 1,
    ("optMap", 2): 1,
    ("optFlatMap", 2): 1,
    ("all", 3): 2,
    ("exists", 3): 2,
    ("existsOne", 3): 2,
    ("transformList", 3): 2,
    ("transformList", 4): 2,
    ("transformMap", 3): 2,
    ("transformMap", 4): 2,
    ("transformMapEntry", 3): 2,
    ("transformMapEntry", 4): 2,
}
"""How many names the macros bind, by name and number of arguments."""


def expand(name: str, target: Node | None, args: tuple[Node, ...], at: int) -> Node:
    """The node of a call. Raise CelSyntaxError when a macro is not used as one."""
    if target is None:
        return _has(args, at) if name == "has" and len(args) == 1 else Call(name, None, args, at)
    if name == "bind" and target == Ident("cel", _at(target)) and len(args) == 3:
        bound = _name(args[0])
        return Comprehension("bind", args[1], (bound,), (args[2],), at)
    count = _BINDING.get((name, len(args)))
    if count is None:
        return Call(name, target, args, at)
    names = tuple(_name(arg) for arg in args[:count])
    if name == "exists_one":
        name = "existsOne"
    return Comprehension(name, target, names, args[count:], at)


def _has(args: tuple[Node, ...], at: int) -> Node:
    field = args[0]
    if not isinstance(field, Select):
        raise CelSyntaxError(at, "invalid argument to has() macro")
    return Select(field.operand, field.field, at, is_optional=field.is_optional, is_test=True)


def _name(node: Node) -> str:
    if not isinstance(node, Ident):
        raise CelSyntaxError(_at(node), "argument must be a simple name")
    return node.name


def _at(node: Node) -> int:
    return node.at
