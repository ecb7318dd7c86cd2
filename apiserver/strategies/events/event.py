"""Table lines of an Event of events.k8s.io, whose rules are those of the stored form."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.events.conversion import to_core
from apiserver.strategies.strategy import Strategy
from knarr.api.events.event import Event
from knarr.api.printing.core import event_row


class EventViewRules(Strategy[Event]):
    """What a view of an Event shows; it is stored, and checked, as one of core/v1."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def row(self, obj: Event, now: datetime) -> Sequence[Any]:
        """The cells of the stored form."""
        return event_row(to_core(obj), now)
