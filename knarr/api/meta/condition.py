"""The types of condition in meta/v1."""

from knarr.api.scalars import Time
from knarr.api.structs import ApiStruct


class Condition(ApiStruct):
    """One thing about how an object is."""

    last_transition_time: Time
    """Moment the status last changed."""
    message: str
    """Why, in words for people."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    reason: str
    """Why, in one word for programs."""
    type: str
    """What the condition says."""
    status: str
    """What was observed last."""
