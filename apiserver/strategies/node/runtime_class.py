"""Rules of a RuntimeClass."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.label_rules import validate_labels
from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Strategy
from knarr.api import names, quantities
from knarr.api.field_errors import FieldError, broken_names, invalid
from knarr.api.node.runtime_class import Overhead, RuntimeClass
from knarr.api.printing.cluster import runtime_class_row


class RuntimeClassRules(Strategy[RuntimeClass]):
    """What holds for a RuntimeClass."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def validate(self, obj: RuntimeClass) -> Iterable[FieldError]:
        """A handler that a node can be asked for."""
        yield from broken_names("handler", obj.handler, names.dns_label(obj.handler))
        if obj.overhead is not None:
            yield from _overhead(obj.overhead, "overhead.podFixed")
        if obj.scheduling is not None:
            yield from validate_labels(obj.scheduling.node_selector, "scheduling.nodeSelector")

    def validate_update(self, obj: RuntimeClass, old: RuntimeClass) -> Iterable[FieldError]:
        """The handler stays."""
        return immutable(obj.handler, old.handler, "handler")

    def row(self, obj: RuntimeClass, now: datetime) -> Sequence[Any]:
        """Name, handler, age."""
        return runtime_class_row(obj, now)


def _overhead(overhead: Overhead, path: str) -> Iterator[FieldError]:
    for name in sorted(overhead.pod_fixed):
        amount = overhead.pod_fixed[name]
        yield from broken_names(f"{path}[{name}]", name, names.qualified_name(name))
        if quantities.compare(amount, "0") < 0:
            yield invalid(f"{path}[{name}]", amount, "must be greater than or equal to 0")
