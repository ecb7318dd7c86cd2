"""Finding and setting conditions, whatever kind they belong to."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from msgspec.structs import replace

from knarr.api import times


class HasTypeAndStatus(Protocol):
    """What all conditions share."""

    @property
    def type(self) -> str:
        """Which condition it is."""

    @property
    def status(self) -> str:
        """True, False or Unknown."""


C = TypeVar("C", bound=HasTypeAndStatus)


def find(conditions: Iterable[C], wanted: str) -> C | None:
    """The condition of this type, None when there is none."""
    for condition in conditions:
        if condition.type == wanted:
            return condition
    return None


def is_true(conditions: Iterable[HasTypeAndStatus], wanted: str) -> bool:
    """Whether the condition of this type is there and True."""
    condition = find(conditions, wanted)
    return condition is not None and condition.status == "True"


def set_condition(conditions: Sequence[C], condition: C, now: datetime) -> tuple[C, ...]:
    """Put a condition in the place of its like, or at the end.

    The time of the last transition is `now` when the status differs from
    before and stays what it was when not. Equal conditions stay untouched, so
    doing it twice changes nothing.
    """
    old = find(conditions, condition.type)
    stamped = _stamped(condition, old, now)
    if old is None:
        return (*conditions, stamped)
    return tuple(stamped if each.type == condition.type else each for each in conditions)


def remove(conditions: Sequence[C], unwanted: str) -> tuple[C, ...]:
    """All conditions but those of this type."""
    return tuple(condition for condition in conditions if condition.type != unwanted)


def _stamped(condition: C, old: C | None, now: datetime) -> C:
    if old is not None and old.status == condition.status:
        moment = getattr(old, "last_transition_time", None)
    else:
        moment = times.to_time(now)
    changed: C = replace(condition, last_transition_time=moment)  # type: ignore[type-var]
    if old is not None and _but_for_times(changed) == _but_for_times(old):
        return old
    return changed


def _but_for_times(condition: Any) -> Any:
    if hasattr(condition, "last_update_time"):
        return replace(condition, last_update_time=None)
    return condition
