"""Finds kinds by their names and types.

CustomResourceDefinitions add rows at run time, in a `KindTable` of the server's own.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache

from knarr.api.kind import Kind
from knarr.api.kinds import BUILT_IN, METRICS
from knarr.api.structs import ApiStruct

_BUILT_IN_GROUPS = frozenset(kind.group for kind in BUILT_IN)


class KindTable:
    """The kinds a server serves, found by any of their names. Built-in rows cannot leave."""

    def __init__(self, extra: Iterable[Kind] = ()) -> None:
        self._by_resource: dict[tuple[str, str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str, str], Kind] = {}
        self._group_versions: Counter[tuple[str, str]] = Counter()
        self.changes = 0
        """Counts what was added and removed, so that whoever keeps something made of it knows."""
        for kind in (*BUILT_IN, *extra):
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._by_resource.values())

    def add(self, kind: Kind) -> None:
        """Serve one kind more, or replace the row of the same resource."""
        self.changes += 1
        if (kind.group, kind.version, kind.plural) not in self._by_resource:
            self._group_versions[kind.group, kind.version] += 1
        self._by_resource[kind.group, kind.version, kind.plural] = kind
        self._by_kind[kind.group, kind.version, kind.name] = kind

    def remove(self, kind: Kind) -> None:
        """Serve a kind no longer."""
        if self._by_resource.pop((kind.group, kind.version, kind.plural), None) is None:
            return
        self.changes += 1
        self._group_versions -= Counter({(kind.group, kind.version): 1})
        self._by_kind.pop((kind.group, kind.version, kind.name), None)

    def serves(self, group: str, version: str) -> bool:
        """Whether there is any kind of this group and version."""
        return (group, version) in self._group_versions

    def is_custom(self, group: str) -> bool:
        """Whether all kinds of a group are defined at run time."""
        return group not in _BUILT_IN_GROUPS

    def by_resource(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind with these names in a URL, or None."""
        return self._by_resource.get((group, version, plural))

    def by_kind(self, api_version: str, name: str) -> Kind | None:
        """The kind with these names in a manifest, or None."""
        group, _, version = api_version.rpartition("/")
        return self._by_kind.get((group, version, name))


BUILT_IN_TABLE = KindTable()
"""The built-in kinds alone. Nobody adds to it; a server that does makes its own table."""

_BY_TYPE_PATH = {kind.type_path: kind for kind in (*BUILT_IN, *METRICS)}


@cache
def kind_of(object_type: type[ApiStruct]) -> Kind:
    """The row of a type, or of a tag's kind. Raise LookupError when the type is neither."""
    served_as: Kind | None = getattr(object_type, "served_as", None)
    if served_as is not None:
        return served_as
    path = f"{object_type.__module__.removeprefix('knarr.api.')}:{object_type.__name__}"
    return _BY_TYPE_PATH[path]
