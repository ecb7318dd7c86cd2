"""What `why` finds: a cause, and its cure."""

from typing import Any

from msgspec import Struct

Json = dict[str, Any]


class Finding(Struct, frozen=True):
    """One thing that is wrong, or that explains what looks wrong."""

    cause: str
    cure: str = ""
    about: str = ""
    """The object it is about, where that is not the one asked for."""


def condition(obj: Json, name: str) -> Json:
    """A condition of an object; empty when it has none of that name."""
    listed = (obj.get("status") or {}).get("conditions") or []
    return next((one for one in listed if one.get("type") == name), {})


def is_true(obj: Json, name: str) -> bool:
    """Whether an object has a condition."""
    return bool(condition(obj, name).get("status") == "True")


def label(obj: Json) -> str:
    """How an object is called: `pod/web`."""
    return f"{str(obj.get('kind', '')).lower()}/{obj['metadata']['name']}"
