"""What pods are spread by when they do not say it: the selectors of their Services and owners."""

from collections.abc import Mapping

from msgspec import Struct, field

from knarr.api.keys import Key
from knarr.api.owners import controller_of
from knarr.api.selectors import Requirement, Selector
from scheduler.shape import Shape

OWNERS = ("ReplicationController", "ReplicaSet", "StatefulSet")
"""Kinds whose selectors count."""


class Workloads(Struct):
    """The selectors of Services, by namespace, and of the owners of pods."""

    version: int = 0
    """Rises with every change."""
    _services: dict[str, dict[str, Mapping[str, str]]] = field(default_factory=dict)
    _owners: dict[tuple[str, Key], Selector] = field(default_factory=dict)

    def put_service(self, key: Key, selector: Mapping[str, str] | None) -> None:
        """Note a Service's selector, None or empty where it has none."""
        services = self._services.setdefault(key.namespace, {})
        if selector == services.get(key.name) or not (selector or key.name in services):
            return
        self.version += 1
        if selector:
            services[key.name] = selector
        else:
            del services[key.name]

    def put_owner(self, kind: str, key: Key, selector: Selector | None) -> None:
        """Note an owner's selector, None when it is gone."""
        if self._owners.get((kind, key)) == selector:
            return
        self.version += 1
        if selector is None:
            del self._owners[kind, key]
        else:
            self._owners[kind, key] = selector

    def selector_of(self, shape: Shape) -> Selector | None:
        """What selects pods like these, None where nothing does."""
        if shape.workload_version != self.version:
            shape.workload_version = self.version
            shape.workload_selector = self._find(shape)
        return shape.workload_selector

    def _find(self, shape: Shape) -> Selector | None:
        merged: dict[str, str] = {}
        labels = shape.labels
        for selector in self._services.get(shape.namespace, {}).values():
            if all(labels.get(key) == value for key, value in selector.items()):
                merged |= selector
        requirements = [Requirement(key, "=", (value,)) for key, value in merged.items()]
        owner = controller_of(shape.pod)
        if owner is not None and owner.kind in OWNERS:
            owned = self._owners.get((owner.kind, Key(shape.namespace, owner.name)))
            if owned is not None:
                requirements += [each for each in owned.requirements if each not in requirements]
        return Selector(requirements) if requirements else None
