"""From the words users say to kinds: `po`, `deploy.apps`, `pods.v1.`, `all`, custom resources."""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from knarr.api.aliases import alias_of
from knarr.api.kind import Kind, Subresource
from knarr.api.kinds import BUILT_IN, METRICS
from knarr.cli.failures import CliError

Json = dict[str, Any]

PREFERRED = {"autoscaling": "v2"}
"""Which of several versions a word means where that is not the first one."""


class Resources:
    """The kinds of a cluster; those of CustomResourceDefinitions are asked for when needed."""

    def __init__(self, custom: Callable[[], Iterable[Json]]) -> None:
        self._custom = custom
        self._kinds: list[Kind] | None = None

    def find(self, word: str) -> Kind:
        """The kind of a word. Raise CliError."""
        found = self.find_in((*BUILT_IN, *METRICS), word) or self.find_in(self.all(), word)
        if found is None:
            raise CliError(self._unknown(word))
        return found

    @staticmethod
    def find_in(kinds: Iterable[Kind], word: str) -> Kind | None:
        """The kind of a word among these."""
        name, _, rest = word.lower().partition(".")
        known = [kind for kind in kinds if name in _names(kind)]
        known.sort(key=lambda kind: kind.version != PREFERRED.get(kind.group, kind.version))
        if not rest:
            return next(iter(known), None)
        version, _, group = rest.partition(".")
        exact = [kind for kind in known if kind.version == version and kind.group == group]
        return next(iter([*exact, *(kind for kind in known if kind.group == rest)]), None)

    def category(self, word: str) -> list[Kind]:
        """The kinds of a category such as `all`; none when it is no category."""
        if self.find_in(BUILT_IN, word):
            return []
        listed = self.all()
        built_in = [kind for kind in BUILT_IN if word in kind.categories]
        custom = [kind for kind in listed[len(BUILT_IN) :] if word in kind.categories]
        return [*_without_twins(built_in), *custom]

    def of(self, api_version: str, name: str) -> Kind | None:
        """The kind that a manifest names."""
        for kinds in (BUILT_IN, self.all):
            for kind in kinds if isinstance(kinds, tuple) else kinds():
                if kind.name == name and kind.api_version == api_version:
                    return kind
        group, _, version = api_version.rpartition("/")
        alias = alias_of(group, version, name)
        if alias is None:
            return None
        # The server takes old spellings under the address of the one it stores.
        return self.of(f"{alias.stored_group}/{alias.stored_version}", name)

    def all(self) -> list[Kind]:
        """Every kind, custom ones last."""
        if self._kinds is None:
            custom = [kind for definition in self._custom() for kind in kinds_of(definition)]
            self._kinds = [*BUILT_IN, *custom]
        return self._kinds

    def _unknown(self, word: str) -> str:
        known = [name for kind in self.all() for name in (kind.plural, kind.name.lower())]
        close = get_close_matches(word.lower(), known, n=1, cutoff=0.75)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        name, _, group = word.partition(".")
        if self.find_in(self.all(), name) is not None and group:
            return f'the server doesn\'t have a resource type "{name}" in group "{group}"'
        return f'the server doesn\'t have a resource type "{word}"{hint}'


def _names(kind: Kind) -> tuple[str, ...]:
    return (kind.plural, singular(kind), *kind.short_names)


def _without_twins(kinds: list[Kind]) -> list[Kind]:
    """The kinds, each in one version only."""
    return [kind for kind in kinds if kind.version == PREFERRED.get(kind.group, kind.version)]


def kinds_of(definition: Json) -> Iterator[Kind]:
    """The kinds that a CustomResourceDefinition defines, the version to be preferred first."""
    spec = definition.get("spec") or {}
    names = spec.get("names") or {}
    versions = [one for one in spec.get("versions") or [] if one.get("served")]
    for version in sorted(versions, key=lambda one: not one.get("storage")):
        subresources = tuple(
            Subresource(name, ("get", "patch", "update"), names["kind"])
            for name in version.get("subresources") or {}
        )
        yield Kind(
            spec["group"],
            version["name"],
            names["plural"],
            names["kind"],
            "",
            namespaced=spec.get("scope") == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            categories=tuple(names.get("categories") or ()),
            subresources=subresources,
            singular=names.get("singular") or "",
            list_name=names.get("listKind") or "",
        )


def singular(kind: Kind) -> str:
    """The word for one object."""
    return kind.singular or kind.name.lower()


def label(kind: Kind) -> str:
    """The word for one object with its group: `deployment.apps`."""
    return f"{singular(kind)}.{kind.group}" if kind.group else singular(kind)
