"""Rules of a Lease."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.rules import not_negative, positive
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.coordination.lease import Lease
from knarr.api.field_errors import FieldError
from knarr.api.printing.cluster import lease_row


class LeaseRules(Strategy[Lease]):
    """What holds for a Lease."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def prepare_for_create(self, obj: Lease, context: Context) -> Lease:
        """Leave out what only coordinated leader election knows, which is off by default."""
        return replace(obj, spec=replace(obj.spec, strategy=None, preferred_holder=None))

    def prepare_for_update(self, obj: Lease, old: Lease, context: Context) -> Lease:
        """Leave it out again."""
        return self.prepare_for_create(obj, context)

    def validate(self, obj: Lease) -> Iterable[FieldError]:
        """Times and counts make sense."""
        spec = obj.spec
        yield from positive(spec.lease_duration_seconds, "spec.leaseDurationSeconds")
        yield from not_negative(spec.lease_transitions, "spec.leaseTransitions")

    def row(self, obj: Lease, now: datetime) -> Sequence[Any]:
        """Name, holder, age."""
        return lease_row(obj, now)
