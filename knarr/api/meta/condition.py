"""The types of condition in meta/v1."""

from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct


class Condition(ApiStruct):
    """TODO."""

    last_transition_time: Time
    """Moment the status last changed."""
    message: str
    """Why, in words for people."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    reason: str
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""
