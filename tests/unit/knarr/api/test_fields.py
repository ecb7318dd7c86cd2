"""Every type has exactly the fields that Kubernetes documents.

`fields.txt` holds one definition a line: `group/Type[/atomic]`, then its fields
as `name[*]:type[/map=keys][/set][/atomic][/merge[=key]][/retain][/default=value]`;
`*` marks required ones, `[T]` lists and `{T}` maps.
"""

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from knarr import api
from knarr.api.shapes import Field, Shape, shape_of
from knarr.api.structs import ApiStruct

TABLE = (Path(__file__).parent / "fields.txt").read_text().splitlines()


def types() -> Iterator[tuple[str, type[ApiStruct]]]:
    for module in pkgutil.walk_packages(api.__path__, "knarr.api."):
        for name, found in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(found, ApiStruct) and found.__module__ == module.name:
                yield f"{module.name.split('.')[2]}/{name}", found


TYPES = dict(types())


def type_text(shape: Shape) -> str:
    if shape.item is not None:
        inner = type_text(shape.item)
        return f"[{inner}]" if shape.kind == "list" else f"{{{inner}}}"
    return shape.struct.__name__ if shape.struct is not None else shape.kind


def field_text(field: Field) -> str:
    text = f"{field.name}{'*' if field.required else ''}:{type_text(field.shape)}"
    if field.list_keys:
        text += f"/map={','.join(field.list_keys)}"
    text += "/set" * field.list_is_set + "/atomic" * field.atomic
    if field.patch is not None:
        text += f"/merge={field.patch.key}" if field.patch.key else "/merge"
    text += "/retain" * field.retain_keys
    if field.published_default is not None:
        text += f"/default={field.published_default}"
    return text


@pytest.mark.parametrize("line", [pytest.param(line, id=line.split()[0]) for line in TABLE])
def test_type_has_the_documented_fields(line: str) -> None:
    name, *fields = line.split()
    group, type_name, *atomic = name.split("/")
    shape = shape_of(TYPES[f"{group}/{type_name}"])
    assert sorted(field_text(field) for field in shape.fields.values()) == sorted(fields)
    assert shape.is_atomic_struct == (atomic == ["atomic"])
