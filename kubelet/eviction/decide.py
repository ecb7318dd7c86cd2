"""Which pressures hold, and what has to be acted on now. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from kubelet.eviction.thresholds import CONDITIONS, Signal, Threshold


class Reading(Struct, frozen=True):
    """How much there is of something."""

    available: int
    capacity: int


class Past(Struct, frozen=True):
    """What is remembered from look to look."""

    met_since: Mapping[Threshold, datetime] = {}
    """Since when there is too little, without a break."""
    last_met: Mapping[str, datetime] = {}
    """When a condition held last."""


class Assessment(Struct, frozen=True):
    """How the node is."""

    past: Past
    pressures: frozenset[str]
    """The node's conditions that hold."""
    act_on: Threshold | None = None
    """What somebody has to go for; memory comes first, because the kernel waits for nobody."""


def assess(
    thresholds: Sequence[Threshold],
    readings: Mapping[Signal, Reading],
    past: Past,
    *,
    now: datetime,
    transition_s: float,
) -> Assessment:
    """Compare what there is with what there should be.

    A pressure is said to hold for `transition_s` after it was last seen, so
    that pods do not come and go with every breath.
    """
    met = {
        one: past.met_since.get(one, now)
        for one in thresholds
        if one.signal in readings and _is_met(one, readings[one.signal])
    }
    last_met = {**past.last_met, **{CONDITIONS[one.signal]: now for one in met}}
    pressures = frozenset(
        name for name, at in last_met.items() if now - at < timedelta(seconds=transition_s)
    ) | frozenset(CONDITIONS[one.signal] for one in met)
    due = [one for one, since in met.items() if now - since >= timedelta(seconds=one.grace_s)]
    due.sort(key=lambda one: (one.signal != "memory.available", one.grace_s > 0))
    return Assessment(Past(met, last_met), pressures, due[0] if due else None)


def _is_met(threshold: Threshold, reading: Reading) -> bool:
    return reading.available < threshold.bytes_of(reading.capacity)
