"""Rules of a Lease."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.rules import not_negative, positive
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.coordination.lease import Lease
from knarr.api.field_errors import FieldError, broken_names, forbidden
from knarr.api.printing.cluster import lease_row


class LeaseRules(Strategy[Lease]):
    """What holds for a Lease."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def validate(self, obj: Lease) -> Iterable[FieldError]:
        """Times and counts make sense."""
        spec = obj.spec
        yield from positive(spec.lease_duration_seconds, "spec.leaseDurationSeconds")
        yield from not_negative(spec.lease_transitions, "spec.leaseTransitions")
        if spec.strategy is not None:
            yield from broken_names(
                "spec.strategy", spec.strategy, names.qualified_name(spec.strategy)
            )
        elif spec.preferred_holder:
            yield forbidden(
                "spec.preferredHolder", "may only be specified when `strategy` is defined"
            )

    def row(self, obj: Lease, now: datetime) -> Sequence[Any]:
        """Name, holder, age."""
        return lease_row(obj, now)
