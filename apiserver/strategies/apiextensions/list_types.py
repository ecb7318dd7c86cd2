"""Rules of `x-kubernetes-list-type` and `x-kubernetes-map-type`."""

from collections.abc import Iterator
from typing import Any

from knarr.api.field_errors import FieldError, forbidden, invalid, not_supported, required

Plain = dict[str, Any]

LIST_TYPE = "x-kubernetes-list-type"
MAP_TYPE = "x-kubernetes-map-type"
KEYS = "x-kubernetes-list-map-keys"


def list_and_map_types(given: Plain, path: str) -> Iterator[FieldError]:
    """They stand at what they are about and say something known."""
    for name, kind, known in (
        (MAP_TYPE, "object", ("granular", "atomic")),
        (LIST_TYPE, "array", ("atomic", "set", "map")),
    ):
        value = given.get(name)
        if value is None:
            continue
        yield from _type(given, path, kind, name)
        if value not in known:
            yield not_supported(f"{path}.{name}", value, known)
    keys = given.get(KEYS) or []
    if keys and given.get(LIST_TYPE) is None:
        yield required(f"{path}.{LIST_TYPE}", f"must be map if {KEYS} is non-empty")
    elif keys and given[LIST_TYPE] != "map":
        yield invalid(
            f"{path}.{LIST_TYPE}", given[LIST_TYPE], f"must be map if {KEYS} is non-empty"
        )
    if given.get(LIST_TYPE) == "map":
        yield from _map(given, keys, path)
    if given.get(LIST_TYPE) == "set":
        yield from _set(given.get("items"), f"{path}.items")


def _type(given: Plain, path: str, kind: str, name: str) -> Iterator[FieldError]:
    found = given.get("type", "")
    if not found:
        yield required(f"{path}.type", f"must be {kind} if {name} is specified")
    elif found != kind:
        yield invalid(f"{path}.type", found, f"must be {kind} if {name} is specified")


def _map(given: Plain, keys: list[str], path: str) -> Iterator[FieldError]:
    if not keys:
        yield required(f"{path}.{KEYS}", f"must not be empty if {LIST_TYPE} is map")
    items = given.get("items")
    if items is None:
        yield required(f"{path}.items", f"must have a schema if {LIST_TYPE} is map")
        return
    if not isinstance(items, dict):
        return
    if items.get("type") != "object":
        yield invalid(
            f"{path}.items.type",
            items.get("type", ""),
            f"must be object if parent array's {LIST_TYPE} is map",
        )
        return
    yield from _keys(items.get("properties") or {}, keys, path)
    known = [key for key in keys if key in (items.get("properties") or {})]
    yield from _keys_present(items, known, f"{path}.items")


def _keys(properties: Plain, keys: list[str], path: str) -> Iterator[FieldError]:
    for i, key in enumerate(keys):
        if key not in properties:
            yield invalid(f"{path}.{KEYS}", keys, "entries must all be names of item properties")
        elif properties[key].get("type") in ("array", "object"):
            yield invalid(
                f"{path}.items.properties[{key}].type",
                properties[key]["type"],
                f"must be a scalar type if parent array's {LIST_TYPE} is map",
            )
        if key in keys[:i]:
            yield invalid(f"{path}.{KEYS}", keys, "must not contain duplicate entries")


def _keys_present(items: Plain, keys: list[str], path: str) -> Iterator[FieldError]:
    properties = items.get("properties") or {}
    for key in keys:
        at = f"{path}.properties[{key}]"
        if key not in (items.get("required") or ()) and properties[key].get("default") is None:
            yield required(
                f"{at}.default",
                f"this property is in {KEYS}, so it must have a default or be a required property",
            )
        if properties[key].get("nullable"):
            yield forbidden(
                f"{at}.nullable", f"this property is in {KEYS}, so it cannot be nullable"
            )


def _set(items: Any, path: str) -> Iterator[FieldError]:
    if not isinstance(items, dict):
        return
    if items.get("nullable"):
        yield forbidden(f"{path}.nullable", f"cannot be nullable when {LIST_TYPE} is set")
    if items.get("type") == "array" and items.get(LIST_TYPE) != "atomic":
        yield invalid(
            f"{path}.{LIST_TYPE}",
            items.get(LIST_TYPE),
            "must be atomic as item of a list with x-kubernetes-list-type=set",
        )
    if items.get("type") == "object" and items.get(MAP_TYPE) != "atomic":
        yield invalid(
            f"{path}.{MAP_TYPE}",
            items.get(MAP_TYPE),
            "must be atomic as item of a list with x-kubernetes-list-type=set",
        )
