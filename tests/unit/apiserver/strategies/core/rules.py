"""Objects as users write them, through the rules of their kind."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from apiserver.strategies.strategy import Context
from apiserver.strategies.table import strategy_of
from knarr.api import codec
from knarr.api.kinds import BUILT_IN
from tests.builders import NOW

CONTEXT = Context(now=NOW, user="tester", namespace="default")
KINDS = {kind.name: kind for kind in BUILT_IN if not kind.group}


def read(kind: str, manifest: Mapping[str, Any]) -> Any:
    """A manifest as the typed object, defaults filled in."""
    whole = {"metadata": {"name": "x", "namespace": "default"}, **manifest}
    found = codec.read(KINDS[kind].type, msgspec.json.encode(whole)).object
    return strategy_of(KINDS[kind]).default(found)


def created(kind: str, manifest: Mapping[str, Any]) -> Any:
    """A manifest as it would be stored."""
    return strategy_of(KINDS[kind]).prepare_for_create(read(kind, manifest), CONTEXT)


def told(kind: str, manifest: Mapping[str, Any]) -> list[str]:
    """What is said of a new object."""
    return [str(error) for error in strategy_of(KINDS[kind]).validate(created(kind, manifest))]


def told_of_update(kind: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> list[str]:
    """What is said of a change, beyond the rules for new objects."""
    before = _stored(created(kind, old))
    strategy = strategy_of(KINDS[kind])
    changed = replace(_stored(read(kind, new)), **_status_of(before))
    after = strategy.prepare_for_update(changed, before, CONTEXT)
    return [str(error) for error in strategy.validate_update(after, before)]


def _stored(obj: Any) -> Any:
    return replace(obj, metadata=replace(obj.metadata, resource_version="1", uid="u"))


def _status_of(obj: Any) -> dict[str, Any]:
    return {"status": obj.status} if "status" in obj.__struct_fields__ else {}


def pod(container: Mapping[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod of one container `c`."""
    containers = [{"name": "c", "image": "nginx:1.15", **(container or {})}]
    return {"spec": {"containers": containers, **spec}}
