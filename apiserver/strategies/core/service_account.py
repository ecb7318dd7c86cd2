"""Rules of a ServiceAccount."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.strategy import Strategy
from knarr.api.core.service_account import ServiceAccount
from knarr.api.printing.core import service_account_row


class ServiceAccountRules(Strategy[ServiceAccount]):
    """What holds for a ServiceAccount."""

    has_status = False
    has_generation = False

    def row(self, obj: ServiceAccount, now: datetime) -> Sequence[Any]:
        """Name, age."""
        return service_account_row(obj, now)
