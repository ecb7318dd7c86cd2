"""Rules of a Binding, which gives a pod its node and is never stored."""

from collections.abc import Iterable, Iterator

from apiserver.strategies.strategy import Strategy
from knarr.api.core.binding import Binding
from knarr.api.field_errors import FieldError, not_supported, required


class BindingRules(Strategy[Binding]):
    """What holds for a Binding."""

    has_status = False
    has_generation = False

    def validate(self, obj: Binding) -> Iterable[FieldError]:
        """A node by name."""
        return _target(obj)


def _target(binding: Binding) -> Iterator[FieldError]:
    if binding.target.kind and binding.target.kind != "Node":
        yield not_supported("target.kind", binding.target.kind, ("Node", "<empty>"), in_order=True)
    if not binding.target.name:
        yield required("target.name")
