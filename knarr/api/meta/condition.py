"""TODO."""

from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct


class Condition(ApiStruct):
    """TODO."""

    last_transition_time: Time
    """TODO."""
    message: str
    """TODO."""
    observed_generation: int = 0
    """TODO."""
    reason: str
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""
