"""An object on its way through a kustomization, and the folder's own errors."""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Struct

from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN
from knarr.cli.failures import CliError

Json = dict[str, Any]
Change = Callable[[Any, Any], None]
"""Changes what lies under a key of a map, or at a place of a list."""


class KustomizeError(CliError):
    """A kustomization cannot be built; the message names the folder or file."""


class Item(Struct):
    """One object, and what it was called before its name was changed."""

    object: Json
    names: list[str] = []
    """Every name it had, the first one first; the last one is its name now."""
    wants_hash: bool = False
    """Whether its name is to end with a hash of its content."""

    @property
    def kind(self) -> str:
        """The word after `kind:`."""
        return str(self.object.get("kind", ""))

    @property
    def name(self) -> str:
        """Its name now."""
        return str(self.object["metadata"].get("name", ""))

    @property
    def namespace(self) -> str:
        """Its namespace; empty where it says none."""
        return str(self.object["metadata"].get("namespace") or "")

    @property
    def group(self) -> str:
        """The group of its apiVersion; empty for the core group."""
        group, slash, _ = str(self.object.get("apiVersion", "")).partition("/")
        return group if slash else ""

    @property
    def version(self) -> str:
        """The version of its apiVersion."""
        return str(self.object.get("apiVersion", "")).rpartition("/")[2]

    @property
    def built_in(self) -> Kind | None:
        """Its row in the table of kinds, None for a custom one."""
        return next((kind for kind in BUILT_IN if self._is(kind)), None)

    @property
    def is_namespaced(self) -> bool:
        """Whether it lies in a namespace, as custom kinds are taken to."""
        kind = self.built_in
        return kind is None or kind.namespaced

    def _is(self, kind: Kind) -> bool:
        return kind.name == self.kind and kind.api_version == self.object.get("apiVersion")

    def rename(self, name: str) -> None:
        """Give it another name; the old one stays known."""
        self.object["metadata"]["name"] = name
        if name != self.names[-1]:
            self.names.append(name)


def item_of(obj: Json) -> Item:
    """The item of an object as read."""
    obj["metadata"] = obj.get("metadata") or {}
    return Item(obj, [str(obj["metadata"].get("name", ""))])


def visit(value: Any, path: str, change: Change, *, create: bool = False) -> None:
    """Call `change` wherever a path such as `spec/containers[]/image` leads."""
    head, _, rest = path.partition("/")
    key, is_list = head.removesuffix("[]"), head.endswith("[]")
    if not isinstance(value, dict) or not isinstance(value.get(key), dict | list | str | int):
        if not create or is_list or not isinstance(value, dict):
            return
        value[key] = {}
    if not rest:
        _visit_last(value, key, change, is_list=is_list)
        return
    for below in _below(value[key], is_list=is_list):
        visit(below, rest, change, create=create)


def _visit_last(value: Json, key: str, change: Change, *, is_list: bool) -> None:
    if not is_list:
        change(value, key)
        return
    items = value[key]
    for place in range(len(items) if isinstance(items, list) else 0):
        change(items, place)


def _below(value: Any, *, is_list: bool) -> Iterator[Any]:
    if not is_list:
        yield value
    elif isinstance(value, list):
        yield from value
