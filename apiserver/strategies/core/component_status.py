"""Rules of a ComponentStatus, which is only read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.strategy import Strategy
from knarr.api.core.component_status import ComponentStatus
from knarr.api.printing.core import component_status_row


class ComponentStatusRules(Strategy[ComponentStatus]):
    """What holds for a ComponentStatus."""

    has_status = False
    has_generation = False

    def row(self, obj: ComponentStatus, now: datetime) -> Sequence[Any]:
        """Name, health, message, error."""
        return component_status_row(obj, now)
