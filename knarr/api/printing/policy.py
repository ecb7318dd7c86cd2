"""Table lines of policy/v1."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget
from knarr.api.printing.cells import age

NOT_ASKED = "N/A"


def pod_disruption_budget_row(budget: PodDisruptionBudget, now: datetime) -> Sequence[Any]:
    """Name, least available, most unavailable, allowed disruptions, age."""
    least, most = budget.spec.min_available, budget.spec.max_unavailable
    return [
        budget.metadata.name,
        NOT_ASKED if least is None else str(least),
        NOT_ASKED if most is None else str(most),
        budget.status.disruptions_allowed,
        age(budget.metadata, now),
    ]
