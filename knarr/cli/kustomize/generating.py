"""ConfigMaps and Secrets made of files and literals, and the hash that ends their names."""

import base64
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from knarr.cli.failures import CliError
from knarr.cli.keyed_files import read_data
from knarr.cli.kustomize.item import Item, Json, KustomizeError, item_of
from knarr.cli.output.json_text import compact_json

_LETTERS = str.maketrans({"0": "g", "1": "h", "3": "k", "a": "m", "e": "t"})
"""Hex digits that could spell words are shown as other letters."""

_FIELDS = {
    "name", "namespace", "behavior", "files", "envs", "env", "literals", "options", "type",
    "kvSources",
}  # fmt: skip


def generate(folder: Path, kind: str, spec: Json, defaults: Json, items: list[Item]) -> None:
    """Make one ConfigMap or Secret, or merge it into the one that is there already."""
    unknown = sorted(set(spec) - _FIELDS)
    if unknown or spec.get("kvSources"):
        raise KustomizeError(
            f'{folder}: generator field "{(unknown or ["kvSources"])[0]}" is unknown'
        )
    made = _made(folder, kind, spec, defaults)
    behavior = str(spec.get("behavior") or "create")
    if behavior == "create":
        items.append(made)
        return
    old = next((one for one in items if one.kind == kind and made.name in one.names), None)
    if old is None:
        raise KustomizeError(f"{folder}: {kind} {made.name} is to {behavior} one that is not there")
    for key in ("data", "binaryData"):
        kept = old.object.get(key) or {} if behavior == "merge" else {}
        merged = {**kept, **(made.object.get(key) or {})}
        old.object.pop(key, None)
        if merged:
            old.object[key] = merged
    for key in ("labels", "annotations"):
        if made.object["metadata"].get(key):
            known = old.object["metadata"].get(key) or {}
            old.object["metadata"][key] = {**known, **made.object["metadata"][key]}
    old.wants_hash = old.wants_hash or made.wants_hash


def _made(folder: Path, kind: str, spec: Json, defaults: Json) -> Item:
    name = str(spec.get("name") or "")
    if not name:
        raise KustomizeError(f"{folder}: a generator has no name")
    options = _options(defaults, spec.get("options") or {})
    data = _data(folder, spec)
    obj: Json = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    if spec.get("namespace"):
        obj["metadata"]["namespace"] = spec["namespace"]
    for key in ("labels", "annotations"):
        if options.get(key):
            obj["metadata"][key] = {one: str(value) for one, value in options[key].items()}
    obj.update(_payload(kind, data))
    if kind == "Secret":
        obj["type"] = spec.get("type") or "Opaque"
    if options.get("immutable"):
        obj["immutable"] = True
    item = item_of(obj)
    item.wants_hash = not options.get("disableNameSuffixHash")
    return item


def _payload(kind: str, data: dict[str, bytes]) -> Json:
    if kind == "Secret":
        coded = {key: base64.b64encode(value).decode() for key, value in data.items()}
        return {"data": coded} if coded else {}
    texts: Json = {}
    binary: Json = {}
    for key, value in data.items():
        try:
            texts[key] = value.decode()
        except UnicodeDecodeError:
            binary[key] = base64.b64encode(value).decode()
    found = {"data": texts} if texts else {}
    return {**found, "binaryData": binary} if binary else found


def _options(defaults: Json, own: Json) -> Json:
    merged = {**defaults, **{key: value for key, value in own.items() if value is not None}}
    for key in ("labels", "annotations"):
        merged[key] = {**(defaults.get(key) or {}), **(own.get(key) or {})}
    return merged


def _data(folder: Path, spec: Json) -> dict[str, bytes]:
    envs = [*(spec.get("envs") or []), *([spec["env"]] if spec.get("env") else [])]
    with _inside(folder):
        try:
            data = read_data(spec.get("literals") or (), spec.get("files") or (), ())
            more = read_data((), (), envs)
        except CliError as error:
            raise KustomizeError(f"{folder}: {spec.get('name')}: {error}") from None
    return dict(sorted({**more, **data}.items()))


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Paths of a kustomization begin in its folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def hash_of(obj: Json, *, name: str = "") -> str:
    """The ten letters that stand for the content of a ConfigMap or Secret."""
    shown: dict[str, Any] = {"kind": obj["kind"], "name": name}
    shown["data"] = obj.get("data") or ""
    if obj["kind"] == "Secret":
        shown["type"] = obj.get("type", "")
    for key in ("binaryData", "stringData"):
        if obj.get(key):
            shown[key] = obj[key]
    text = compact_json(dict(sorted(shown.items())))
    digest = hashlib.sha256(text.encode()).hexdigest()
    return digest[:10].translate(_LETTERS)
