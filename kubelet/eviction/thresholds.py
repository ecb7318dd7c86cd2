"""When a resource counts as scarce: `memory.available<100Mi,nodefs.available<10%`. Pure."""

import re
from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

from knarr.api import quantities
from knarr.daemon.settings import duration_s

Signal = Literal[
    "memory.available",
    "nodefs.available",
    "nodefs.inodesFree",
    "imagefs.available",
    "imagefs.inodesFree",
    "pid.available",
]

HARD_DEFAULT = (
    "memory.available<100Mi,nodefs.available<10%,nodefs.inodesFree<5%,"
    "imagefs.available<15%,imagefs.inodesFree<5%"
)

CONDITIONS: Mapping[Signal, str] = {
    "memory.available": "MemoryPressure",
    "nodefs.available": "DiskPressure",
    "nodefs.inodesFree": "DiskPressure",
    "imagefs.available": "DiskPressure",
    "imagefs.inodesFree": "DiskPressure",
    "pid.available": "PIDPressure",
}
"""What the node says of itself when a signal is too low."""

RESOURCES: Mapping[Signal, str] = {
    "memory.available": "memory",
    "nodefs.available": "ephemeral-storage",
    "nodefs.inodesFree": "inodes",
    "imagefs.available": "ephemeral-storage",
    "imagefs.inodesFree": "inodes",
    "pid.available": "pids",
}
"""What pods use up when a signal falls."""

_ONE = re.compile(r"^([a-zA-Z.]+)<([^<]+)$")


class ThresholdError(ValueError):
    """The text says no threshold."""


class Threshold(Struct, frozen=True):
    """Too little of something."""

    signal: Signal
    text: str
    """As the operator wrote it: `100Mi` or `10%`."""
    grace_s: float = 0.0
    """How long it may last before somebody must go; 0 for not at all."""

    def bytes_of(self, capacity: int) -> int:
        """The amount below which there is too little."""
        if self.text.endswith("%"):
            return int(capacity * float(self.text[:-1]) / 100)
        return quantities.value(self.text)


def hard(texts: tuple[str, ...]) -> tuple[Threshold, ...]:
    """What `--eviction-hard` says. Raise ThresholdError."""
    return tuple(_threshold(text, 0.0) for text in texts if text)


def soft(texts: tuple[str, ...], graces: tuple[str, ...]) -> tuple[Threshold, ...]:
    """What `--eviction-soft` and `--eviction-soft-grace-period` say. Raise ThresholdError."""
    seconds = {}
    for text in graces:
        name, _, amount = text.partition("=")
        try:
            seconds[name] = duration_s(amount)
        except ValueError as error:
            raise ThresholdError(f"{text!r}: {error}") from None
    made = []
    for text in texts:
        one = _threshold(text, 0.0)
        if one.signal not in seconds:
            told = "grace period must be specified for the soft eviction threshold"
            raise ThresholdError(f"{told} {one.signal}")
        made.append(Threshold(one.signal, one.text, seconds[one.signal]))
    return tuple(made)


def _threshold(text: str, grace_s: float) -> Threshold:
    found = _ONE.match(text.strip())
    if found is None:
        raise ThresholdError(f"{text!r} is not SIGNAL<AMOUNT")
    for signal in get_args(Signal):
        if signal == found[1]:
            break
    else:
        raise ThresholdError(f"unsupported eviction signal {found[1]}")
    amount = found[2]
    if not _is_amount(amount):
        raise ThresholdError(f"{text!r}: {amount} is neither an amount nor a percentage")
    return Threshold(signal, amount, grace_s)


def _is_amount(text: str) -> bool:
    try:
        if text.endswith("%"):
            return 0 <= float(text[:-1]) <= 100
        return quantities.value(text) >= 0
    except ValueError:
        return False
