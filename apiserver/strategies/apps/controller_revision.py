"""Rules of a ControllerRevision."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.rules import immutable, not_negative
from apiserver.strategies.strategy import Strategy
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.field_errors import FieldError, required
from knarr.api.printing.apps import controller_revision_row


class ControllerRevisionRules(Strategy[ControllerRevision]):
    """What holds for a ControllerRevision."""

    has_status = False
    has_generation = False

    def validate(self, obj: ControllerRevision) -> Iterable[FieldError]:
        """Data is there and the revision not negative."""
        if obj.data is None:
            yield required("data", "data is mandatory")
        yield from not_negative(obj.revision, "revision")

    def validate_update(
        self, obj: ControllerRevision, old: ControllerRevision
    ) -> Iterable[FieldError]:
        """Data stays as it is."""
        return immutable(obj.data, old.data, "data")

    def row(self, obj: ControllerRevision, now: datetime) -> Sequence[Any]:
        """Name, controller, revision and age."""
        return controller_revision_row(obj, now)
