"""Rules of a Namespace."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.strategy import Context, Strategy
from knarr.api import names
from knarr.api.core.namespace import Namespace, NamespaceStatus
from knarr.api.field_errors import FieldError, broken_names, invalid
from knarr.api.printing.core import namespace_row

NAME_LABEL = "kubernetes.io/metadata.name"
"""The label that every namespace has, so that selectors can name one."""
FINALIZER = "kubernetes"
"""Held by the namespace controller until the namespace is empty."""

_STANDARD_FINALIZERS = frozenset({FINALIZER, "orphan", "foregroundDeletion"})


class NamespaceRules(Strategy[Namespace]):
    """What holds for a Namespace."""

    has_generation = False

    def default(self, obj: Namespace) -> Namespace:
        """The label with its name, and a phase."""
        name = obj.metadata.name
        if not name or obj.metadata.labels.get(NAME_LABEL) == name:
            return obj
        labels = {**obj.metadata.labels, NAME_LABEL: name}
        return replace(obj, metadata=replace(obj.metadata, labels=labels))

    def prepare_for_create(self, obj: Namespace, context: Context) -> Namespace:
        """Active, and held by the namespace controller."""
        finalizers = obj.spec.finalizers
        if FINALIZER not in finalizers:
            finalizers = (*finalizers, FINALIZER)
        obj = self.default(obj)
        return replace(
            obj,
            spec=replace(obj.spec, finalizers=finalizers),
            status=NamespaceStatus(phase="Active"),
        )

    def prepare_for_update(self, obj: Namespace, old: Namespace, context: Context) -> Namespace:
        """Finalizers change by `finalize` only."""
        return replace(obj, spec=old.spec, status=old.status)

    def validate(self, obj: Namespace) -> Iterable[FieldError]:
        """Finalizers are qualified."""
        return _validate_finalizers(obj)

    def validate_status_update(self, obj: Namespace, old: Namespace) -> Iterable[FieldError]:
        """The phase fits to whether it is being deleted."""
        phase = obj.status.phase
        if obj.metadata.deletion_timestamp is None:
            if phase != "Active":
                detail = "may only be 'Active' if `deletionTimestamp` is empty"
                yield invalid("status.Phase", phase, detail)
        elif phase != "Terminating":
            detail = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            yield invalid("status.Phase", phase, detail)

    def fields(self, obj: Namespace) -> Mapping[str, str]:
        """Namespaces are selected by phase."""
        return {"status.phase": obj.status.phase}

    def row(self, obj: Namespace, now: datetime) -> Sequence[Any]:
        """Name, phase, age."""
        return namespace_row(obj, now)


def _validate_finalizers(namespace: Namespace) -> Iterator[FieldError]:
    for finalizer in namespace.spec.finalizers:
        broken = names.qualified_name(finalizer)
        yield from broken_names("spec.finalizers", finalizer, broken)
        if not broken and "/" not in finalizer and finalizer not in _STANDARD_FINALIZERS:
            detail = "name is neither a standard finalizer name nor is it fully qualified"
            yield invalid("spec.finalizers", finalizer, detail)
