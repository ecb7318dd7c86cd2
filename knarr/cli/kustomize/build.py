"""Builds a kustomization: its resources, what it generates, and what it changes about them.

What another folder brings in is built first, as a kustomization of its own.
The changes act in a fixed order, however the file lists them: patches,
namespace, prefix and suffix, labels, annotations, replicas, images. Names get
their hashes last, at the outermost folder, and every reference follows.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from knarr.cli.kustomize import fields, references
from knarr.cli.kustomize.generating import generate, hash_of
from knarr.cli.kustomize.item import Item, Json, KustomizeError, item_of
from knarr.cli.kustomize.patching import patch_all
from knarr.cli.yaml_reader import YamlTextError, read_yaml

FILES = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_KNOWN = {
    "apiVersion", "kind", "metadata", "resources", "bases", "namespace", "namePrefix",
    "nameSuffix", "commonLabels", "labels", "commonAnnotations", "images", "replicas", "patches",
    "patchesStrategicMerge", "patchesJson6902", "configMapGenerator", "secretGenerator",
    "generatorOptions", "sortOptions",
}  # fmt: skip

_UNPREFIXED = ("Namespace", "CustomResourceDefinition", "APIService")
"""Kinds whose names mean something and get neither prefix nor suffix."""

_FIRST = (
    "Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount",
    "PodSecurityPolicy", "Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap",
    "Secret", "Endpoints", "Service", "LimitRange", "PriorityClass", "PersistentVolume",
    "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget",
)  # fmt: skip
_LAST = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
DEPTH_MAX = 50
"""So many folders deep a kustomization may be; deeper ones include themselves."""


def build(folder: Path) -> list[Json]:
    """The objects of a kustomization, in the order to create them. Raise KustomizeError."""
    items = _Folder(folder, 0).items()
    before = [(item.name, item.namespace) for item in items]
    for item in items:
        if item.wants_hash:
            item.rename(f"{item.name}-{hash_of(item.object)}")
    references.fix(items, before)
    return [item.object for item in sorted(items, key=_order)]


def _order(item: Item) -> tuple[int, str, str, str, str, str]:
    known = {kind: place for place, kind in enumerate(_FIRST)}
    place = known.get(item.kind, len(_FIRST))
    if item.kind in _LAST:
        place = len(_FIRST) + 1
    return (place, item.group, item.version, item.kind, item.namespace, item.name)


class _Folder:
    """One folder with a kustomization."""

    def __init__(self, folder: Path, depth: int) -> None:
        self._folder = folder
        self._depth = depth
        if depth > DEPTH_MAX:
            raise KustomizeError(f"{folder}: cycle detected: kustomizations include each other")
        self._spec = _read(folder)
        unknown = sorted(key for key, value in self._spec.items() if key not in _KNOWN and value)
        if unknown:
            raise KustomizeError(
                f'{folder}: field "{unknown[0]}" is not built here; use the program itself: '
                f"kustomize build {folder} | knarr apply -f -"
            )

    def items(self) -> list[Item]:
        """Its objects as it wants them, but for hashes."""
        spec, items = self._spec, self._resources()
        defaults = spec.get("generatorOptions") or {}
        for field, kind in (("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")):
            for one in spec.get(field) or []:
                generate(self._folder, kind, one, defaults, items)
        _check_unique(self._folder, items)
        self._patch(items)
        before = [(item.name, item.namespace) for item in items]
        self._rename(items)
        self._mark(items)
        for one in spec.get("patchesJson6902") or []:
            patch_all(items, one, *self._patch_text(one))
        for one in spec.get("replicas") or []:
            fields.set_replicas(items, one)
        for one in spec.get("images") or []:
            for item in items:
                fields.set_image(item.object, one)
        references.fix(items, before)
        return items

    def _resources(self) -> list[Item]:
        items: list[Item] = []
        for entry in [*(self._spec.get("resources") or []), *(self._spec.get("bases") or [])]:
            path = self._folder / str(entry)
            if path.is_dir():
                items += _Folder(path, self._depth + 1).items()
            else:
                items += self._objects(str(entry))
        return items

    def _objects(self, entry: str) -> Iterator[Item]:
        text = self._text(entry)
        try:
            documents = list(read_yaml(text))
        except YamlTextError as error:
            raise KustomizeError(f"{self._folder / entry}: {error}") from None
        for document in documents:
            for obj in _objects_of(document, self._folder / entry):
                yield item_of(obj)

    def _text(self, entry: str) -> str:
        """A file of this folder, or one at an address."""
        if entry.startswith(("http://", "https://")) and entry.endswith((".yaml", ".yml", ".json")):
            from knarr.cli.manifests import fetch  # noqa: PLC0415  # It reads kustomizations.

            return fetch(entry)
        path = self._folder / entry
        if "://" in entry or entry.startswith("github.com/") or "?ref=" in entry:
            raise KustomizeError(
                f'{self._folder}: "{entry}" is a repository, and those are not fetched here; '
                f"clone it, or use the program itself: kustomize build {self._folder}"
            )
        try:
            if not path.resolve().is_relative_to(self._folder.resolve()):
                raise KustomizeError(
                    f"{self._folder}: security; file '{path.resolve()}' is not in or below "
                    f"'{self._folder.resolve()}'"
                )
            return path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            words = getattr(error, "strerror", None) or error
            raise KustomizeError(
                f"accumulating resources from '{entry}': {path}: {words}"
            ) from None

    def _patch(self, items: list[Item]) -> None:
        for entry in self._spec.get("patchesStrategicMerge") or []:
            is_text = "\n" in str(entry)
            text = str(entry) if is_text else self._text(str(entry))
            patch_all(items, {}, text, self._folder if is_text else self._folder / str(entry))
        for one in self._spec.get("patches") or []:
            patch_all(items, one, *self._patch_text(one))

    def _patch_text(self, one: Json) -> tuple[str, Path]:
        if bool(one.get("path")) == bool(one.get("patch")):
            raise KustomizeError(f"{self._folder}: must specify one of patch and path in: {one}")
        if one.get("path"):
            return self._text(str(one["path"])), self._folder / str(one["path"])
        return str(one["patch"]), self._folder

    def _rename(self, items: list[Item]) -> None:
        namespace = str(self._spec.get("namespace") or "")
        prefix, suffix = (str(self._spec.get(key) or "") for key in ("namePrefix", "nameSuffix"))
        for item in items:
            if namespace:
                _put_into(item, namespace)
            if (prefix or suffix) and item.kind not in _UNPREFIXED:
                item.rename(f"{prefix}{item.name}{suffix}")

    def _mark(self, items: list[Item]) -> None:
        spec = self._spec
        common = spec.get("commonLabels") or {}
        for item in items:
            if common:
                fields.add_labels(item, common, selectors=True, templates=True)
            for one in spec.get("labels") or []:
                self._add_labels(item, one)
            if spec.get("commonAnnotations"):
                fields.add_annotations(item, spec["commonAnnotations"])

    def _add_labels(self, item: Item, one: Json) -> None:
        unknown = sorted(set(one) - {"pairs", "includeSelectors", "includeTemplates"})
        if unknown:
            raise KustomizeError(f'{self._folder}: labels: field "{unknown[0]}" is not built here')
        fields.add_labels(
            item,
            one.get("pairs") or {},
            selectors=bool(one.get("includeSelectors")),
            templates=bool(one.get("includeTemplates")),
        )


def _put_into(item: Item, namespace: str) -> None:
    """Move an object to a namespace, and what it says of service accounts in it."""
    if item.kind == "Namespace":
        item.rename(namespace)
    elif item.is_namespaced:
        item.object["metadata"]["namespace"] = namespace
    if item.kind in ("RoleBinding", "ClusterRoleBinding"):
        for one in item.object.get("subjects") or []:
            if one.get("kind") == "ServiceAccount" and one.get("name") == "default":
                one["namespace"] = namespace


def _check_unique(folder: Path, items: Sequence[Item]) -> None:
    seen = set()
    for item in items:
        key = (item.group, item.kind, item.namespace, item.name)
        if key in seen:
            raise KustomizeError(
                f"{folder}: may not add resource with an already registered id: "
                f"{item.kind} {item.namespace or 'default'}/{item.name}"
            )
        seen.add(key)


def _objects_of(document: Any, path: Path) -> Iterator[Json]:
    if not isinstance(document, dict) or not document.get("kind"):
        raise KustomizeError(f"{path}: missing Resource metadata: an object needs kind and name")
    if document["kind"].endswith("List") and isinstance(document.get("items"), list):
        for one in document["items"]:
            yield from _objects_of(one, path)
        return
    yield document


def _read(folder: Path) -> Json:
    """The kustomization of a folder. Raise KustomizeError."""
    if not folder.is_dir():
        raise KustomizeError(f"'{folder}' doesn't exist or is no folder")
    found = [folder / name for name in FILES if (folder / name).is_file()]
    if not found:
        names = "', '".join(FILES)
        raise KustomizeError(f"unable to find one of '{names}' in directory '{folder.resolve()}'")
    if len(found) > 1:
        raise KustomizeError(f"Found multiple kustomization files under: {folder.resolve()}")
    try:
        documents = list(read_yaml(found[0].read_text()))
    except (OSError, YamlTextError) as error:
        raise KustomizeError(f"{found[0]}: {error}") from None
    spec = documents[0] if documents else None
    if len(documents) > 1 or not isinstance(spec, dict):
        raise KustomizeError(f"kustomization.yaml is empty or no map: {found[0]}")
    if spec.get("kind") not in (None, "", "Kustomization"):
        raise KustomizeError(f"{found[0]}: a {spec['kind']} is not built here")
    return spec
