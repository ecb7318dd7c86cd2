"""What a probe that failed for good asks for. Pure."""

from msgspec import Struct


class Failure(Struct, frozen=True):
    """A container must be started again because of a probe."""

    message: str
    """What the Killing event says."""
    grace_s: int | None = None
    """The probe's own grace; the pod's when None."""
