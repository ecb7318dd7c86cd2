"""Patches of a kustomization: strategic merge and JSON (RFC 6902), aimed by name or by target."""

import re
from pathlib import Path
from typing import Any

from knarr.api.patches import json_patch, merge_patch, strategic
from knarr.api.patches.errors import PatchError
from knarr.api.selectors import parse
from knarr.cli.kustomize.item import Item, Json, KustomizeError, item_of
from knarr.cli.yaml_reader import YamlTextError, read_yaml

_TARGET = {
    "group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector",
}  # fmt: skip


def patch_all(items: list[Item], spec: Json, text: str, source: Path) -> None:
    """Apply one entry of `patches`: its text, to what it aims at. Raise KustomizeError."""
    documents = _documents(text, source)
    target = spec.get("target")
    if target is not None and set(target) - _TARGET:
        raise KustomizeError(f"{source}: a patch's target has an unknown field")
    if documents and isinstance(documents[0], list):
        if not target:
            raise KustomizeError(f"{source}: a JSON patch must say its target")
        chosen = _chosen(items, target)
        if not chosen and "*" not in str(target.get("name", "")) and target.get("name"):
            raise KustomizeError(f"{source}: no object is what the patch's target names: {target}")
        for item in chosen:
            _apply_json(item, documents[0], source)
        return
    for document in documents:
        _merge(items, document, target, spec.get("options") or {}, source)


def _documents(text: str, source: Path) -> list[Any]:
    try:
        found = list(read_yaml(text))
    except YamlTextError as error:
        raise KustomizeError(f"{source}: unable to parse SM or JSON patch: {error}") from None
    if not found:
        raise KustomizeError(f"{source}: must specify one of patch and path")
    return found


def _merge(items: list[Item], patch: Any, target: Json | None, options: Json, source: Path) -> None:
    if not isinstance(patch, dict):
        raise KustomizeError(f"{source}: a patch is neither an object nor a list of operations")
    if target:
        chosen = _chosen(items, target)
    else:
        chosen = [one for one in items if _is_meant(one, patch)]
        if not chosen:
            about = f"{patch.get('kind')} {(patch.get('metadata') or {}).get('name')}"
            raise KustomizeError(f"{source}: no resource matches strategic merge patch {about}")
    for item in chosen:
        if patch.get("$patch") == "delete":
            items.remove(item)
            continue
        _merge_one(item, patch, options, source)


def _merge_one(item: Item, patch: Json, options: Json, source: Path) -> None:
    old, kind = item.object, item.built_in
    aim = {**patch, "metadata": {**(patch.get("metadata") or {})}}
    if not options.get("allowNameChange"):
        aim["metadata"].pop("name", None)
    if not options.get("allowKindChange"):
        aim.pop("kind", None)
        aim.pop("apiVersion", None)
    aim["metadata"].pop("namespace", None)
    try:
        if kind is not None and kind.type_path:
            item.object = strategic.apply(kind.type, old, aim)
        else:
            item.object = merge_patch.apply(old, aim)
    except PatchError as error:
        raise KustomizeError(f"{source}: {error}") from None
    if item.name != item.names[-1]:
        item.names.append(item.name)


def _apply_json(item: Item, operations: list[Any], source: Path) -> None:
    try:
        item.object = json_patch.apply(item.object, operations)
    except PatchError as error:
        raise KustomizeError(f"{source}: {item.kind} {item.name}: {error}") from None


def _is_meant(item: Item, patch: Json) -> bool:
    """Whether a patch without a target is about an object: it says its kind and name."""
    aimed = item_of({**patch, "metadata": {**(patch.get("metadata") or {})}})
    return (
        aimed.kind == item.kind
        and aimed.group == item.group
        and aimed.name in item.names
        and aimed.namespace in ("", item.namespace)
    )


def _chosen(items: list[Item], target: Json) -> list[Item]:
    return [item for item in items if _is_chosen(item, target)]


def _is_chosen(item: Item, target: Json) -> bool:
    for key, value in (("group", item.group), ("version", item.version), ("kind", item.kind)):
        if target.get(key) and not _fits(str(target[key]), value):
            return False
    if target.get("name") and not any(_fits(str(target["name"]), one) for one in item.names):
        return False
    space = item.namespace or "default"
    if target.get("namespace") and not _fits(str(target["namespace"]), space):
        return False
    metadata = item.object["metadata"]
    return _selects(target.get("labelSelector"), metadata.get("labels")) and _selects(
        target.get("annotationSelector"), metadata.get("annotations")
    )


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error as error:
        raise KustomizeError(f"a patch's target is no regular expression: {error}") from None


def _selects(selector: Any, labels: Any) -> bool:
    return not selector or parse(str(selector)).matches(labels or {})
