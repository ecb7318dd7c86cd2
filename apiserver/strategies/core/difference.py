"""What changed between two objects, in lines, for messages that refuse the change."""

from collections.abc import Iterator
from typing import Any

from knarr.api.field_errors import show
from knarr.api.structs import ApiStruct, wire_name


def difference(new: ApiStruct, old: ApiStruct) -> str:
    """Each field that differs: `-` before what is wanted, `+` before what is there."""
    return "\n".join(_lines(new, old, ""))


def _lines(new: Any, old: Any, path: str) -> Iterator[str]:
    if new == old:
        return
    if isinstance(new, ApiStruct) and type(new) is type(old):
        for field in new.__struct_fields__:
            at = f"{path}.{wire_name(field)}" if path else wire_name(field)
            yield from _lines(getattr(new, field), getattr(old, field), at)
    elif isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
        for i, (one, other) in enumerate(zip(new, old, strict=True)):
            yield from _lines(one, other, f"{path}[{i}]")
    else:
        yield f"- {path}: {show(new)}"
        yield f"+ {path}: {show(old)}"
