"""What the fields of a kind mean, from the docstrings below them."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise

from knarr.api.kind import Kind
from knarr.api.shapes import Shape, shape_of
from knarr.api.structs import ApiStruct

_WIDTH = 80
"""Columns that descriptions are wrapped to, as kubectl wraps them."""

_TYPE_WORDS: Mapping[str, str] = {
    "string": "string",
    "base64": "string",
    "int32": "integer",
    "int64": "integer",
    "number": "number",
    "bool": "boolean",
    "quantity": "Quantity",
    "time": "Time",
    "microtime": "MicroTime",
    "int-or-string": "IntOrString",
    "raw": "Object",
}


class UnknownFieldError(LookupError):
    """The path names a field that is not there."""


def field_docs(struct: type[ApiStruct]) -> Mapping[str, str]:
    """The string below each field of a type, by its Python name."""
    return _docs_in(struct.__module__)[struct.__name__]


@cache
def _docs_in(module: str) -> Mapping[str, Mapping[str, str]]:
    """The field docs of all types in a module, whose source is read once."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {node.name: _docs_of(node) for node in tree.body if isinstance(node, ast.ClassDef)}


def _docs_of(definition: ast.ClassDef) -> Mapping[str, str]:
    docs: dict[str, str] = {}
    for field, following in pairwise(definition.body):
        match field, following:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(doc))),
            ):
                docs[name] = inspect.cleandoc(doc)
    return docs


@cache
def type_doc(struct: type[ApiStruct]) -> str:
    """What a type as a whole is."""
    return inspect.cleandoc(struct.__doc__ or "")


def type_word(shape: Shape) -> str:
    """A field's type as `explain` prints it: `[]Container`, `map[string]string`."""
    if shape.kind == "list":
        return f"[]{type_word(shape.item)}" if shape.item else "[]Object"
    if shape.kind == "map":
        return f"map[string]{type_word(shape.item)}" if shape.item else "map[string]Object"
    if shape.struct is not None:
        return shape.struct.__name__.removesuffix("V1")
    return _TYPE_WORDS[shape.kind]


def explain(
    kind: Kind, path: Sequence[str] = (), *, recursive: bool = False, depth: int = 0
) -> str:
    """The text for a kind, or for a field of it. Raise UnknownFieldError.

    `depth` bounds how far down `recursive` goes; 0 is without bounds.
    """
    shape = shape_of(kind.type)
    lines = [f"GROUP:      {kind.group}"] if kind.group else []
    lines += [f"KIND:       {kind.name}", f"VERSION:    {kind.version}", ""]
    description = type_doc(kind.type)
    if path:
        shape, heading, description = _follow(shape, path)
        lines += [heading, ""]
    lines += ["DESCRIPTION:", *_indented(description or "<empty>", 4), ""]
    inner = _struct_in(shape)
    if inner is not None:
        lines.append("FIELDS:")
        lines += _tree(inner, 2, (), depth) if recursive else _fields(inner)
    return "\n".join(lines) + "\n"


def _follow(shape: Shape, path: Sequence[str]) -> tuple[Shape, str, str]:
    heading, description = "", ""
    for name in path:
        inner = _struct_in(shape)
        field = inner.fields.get(name) if inner is not None else None
        if inner is None or field is None or inner.struct is None:
            raise UnknownFieldError(f'field "{name}" does not exist')
        required = " -required-" if field.required else ""
        heading = f"FIELD: {name} <{type_word(field.shape)}>{required}"
        description = field_docs(inner.struct).get(field.attribute, "")
        shape = field.shape
    return shape, heading, description


def _struct_in(shape: Shape) -> Shape | None:
    while shape.item is not None:
        shape = shape.item
    return shape if shape.struct is not None else None


def _fields(shape: Shape) -> Iterator[str]:
    assert shape.struct is not None
    docs = field_docs(shape.struct)
    for name in sorted(shape.fields):
        field = shape.fields[name]
        required = " -required-" if field.required else ""
        yield f"  {name}\t<{type_word(field.shape)}>{required}"
        yield from _indented(docs.get(field.attribute) or "<no description>", 4)
        yield ""


def _tree(
    shape: Shape, indent: int, above: tuple[type[ApiStruct], ...], depth: int
) -> Iterator[str]:
    for name in sorted(shape.fields):
        field = shape.fields[name]
        required = " -required-" if field.required else ""
        yield f"{' ' * indent}{name}\t<{type_word(field.shape)}>{required}"
        inner = _struct_in(field.shape)
        if inner is None or inner.struct is None or inner.struct in above or depth == 1:
            continue
        yield from _tree(inner, indent + 2, (*above, inner.struct), depth - 1)


def _indented(text: str, indent: int) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from textwrap.wrap(
            " ".join(paragraph.split()),
            _WIDTH - indent,
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
