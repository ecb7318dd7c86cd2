"""The kinds that CustomResourceDefinitions add, followed as they come and go.

Whoever deals with every kind there is (garbage collection, Namespaces, quotas)
is told of each, together with the informer of its objects' metadata.
"""

from collections.abc import Callable, Iterator
from typing import Any

from knarr.api import conditions
from knarr.api.apiextensions.custom_resource_definition import (
    CustomResourceDefinition,
    CustomResourceDefinitionVersion,
)
from knarr.api.kind import Kind
from knarr.api.kinds import SCALE
from knarr.api.tags import tag_type
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.informers import Informers

Begun = Callable[[Kind, Informer[Any]], None]
Ended = Callable[[Kind], None]


class CustomKinds:
    """One row for each custom kind that is served, in one of its versions."""

    def __init__(self, informers: Informers) -> None:
        self._informers = informers
        self._definitions = informers.of(CustomResourceDefinition)
        self._rows: dict[str, Kind] = {}
        self._versions: dict[tuple[str, str], Kind] = {}
        self._followers: list[tuple[Begun, Ended]] = []
        self._definitions.handle(self._changed)

    def __iter__(self) -> Iterator[Kind]:
        return iter(tuple(self._rows.values()))

    def follow(self, begun: Begun, ended: Ended = lambda _: None) -> None:
        """Call `begun` for each kind there is and each that comes, `ended` when one goes."""
        self._followers.append((begun, ended))
        for kind in self:
            begun(kind, self._informer(kind))

    def by_kind(self, api_version: str, name: str) -> Kind | None:
        """The row of a kind that an owner reference names, in whatever version it does."""
        return self._versions.get((api_version, name))

    async def current(self, client: Client) -> None:
        """Wait until every definition made so far is known."""
        await self._definitions.caught_up(await client.revision_now(CustomResourceDefinition))

    def _informer(self, kind: Kind) -> Informer[Any]:
        return self._informers.of(tag_type(kind))

    def _changed(
        self, old: CustomResourceDefinition | None, new: CustomResourceDefinition | None
    ) -> None:
        definition = new or old
        assert definition is not None, "a change has an object before or after"
        name = definition.metadata.name
        before, after = self._rows.get(name), _row(new) if new is not None else None
        if before == after:
            return
        if before is not None:
            self._end(name, before)
        if after is not None and new is not None:
            self._rows[name] = after
            for version in new.spec.versions:
                if version.served:
                    self._versions[f"{after.group}/{version.name}", after.name] = after
            for begun, _ in self._followers:
                begun(after, self._informer(after))

    def _end(self, name: str, kind: Kind) -> None:
        del self._rows[name]
        self._versions = {each: row for each, row in self._versions.items() if row is not kind}
        self._informers.end(tag_type(kind))
        for _, ended in self._followers:
            ended(kind)


def _row(definition: CustomResourceDefinition) -> Kind | None:
    """The kind in the version that is stored, or else in the first that is served."""
    spec = definition.spec
    if not conditions.is_true(definition.status.conditions or (), "Established"):
        return None
    served = [each for each in spec.versions if each.served]
    served.sort(key=lambda each: not each.storage)
    if not served:
        return None
    return Kind(
        spec.group,
        served[0].name,
        spec.names.plural,
        spec.names.kind,
        "",
        namespaced=spec.scope == "Namespaced",
        subresources=(SCALE,) if _is_scaled(served[0]) else (),
    )


def _is_scaled(version: CustomResourceDefinitionVersion) -> bool:
    return version.subresources is not None and version.subresources.scale is not None
