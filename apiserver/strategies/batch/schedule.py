"""What is wrong with a cron schedule, in the words users know."""

import re
import zoneinfo
from typing import NamedTuple

_FIELDS = 5
_DESCRIPTORS = frozenset(
    {"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}
)
_EVERY = "@every "
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_DURATION = re.compile(r"[-+]?(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+|[-+]?0")
_ZONE_PART = re.compile(r"[A-Za-z.\-_0-9+]{1,14}")


class ScheduleError(ValueError):
    """The text is no schedule; the message says why."""


class _Bounds(NamedTuple):
    low: int
    high: int
    words: dict[str, int]


_BOUNDS = (
    _Bounds(0, 59, {}),
    _Bounds(0, 23, {}),
    _Bounds(1, 31, {}),
    _Bounds(1, 12, {word: i for i, word in enumerate(_MONTHS, 1)}),
    _Bounds(0, 6, {word: i for i, word in enumerate(_DAYS)}),
)


def check(schedule: str) -> None:
    """Read a schedule of five fields or a descriptor. Raise ScheduleError."""
    if not schedule:
        raise ScheduleError("empty spec string")
    schedule = _without_zone(schedule)
    if schedule.startswith("@"):
        _check_descriptor(schedule)
        return
    fields = schedule.split()
    if len(fields) != _FIELDS:
        raise ScheduleError(
            f"expected exactly {_FIELDS} fields, found {len(fields)}: [{' '.join(fields)}]"
        )
    for field, bounds in zip(fields, _BOUNDS, strict=True):
        for part in filter(None, field.split(",")):
            _check_range(part, bounds)


def _without_zone(schedule: str) -> str:
    if not schedule.startswith(("TZ=", "CRON_TZ=")):
        return schedule
    zone, space, rest = schedule.partition(" ")
    if not space:
        raise ScheduleError(f"provided bad location {zone.partition('=')[2]}: unknown time zone")
    name = zone.partition("=")[2]
    if not is_zone(name):
        raise ScheduleError(f"provided bad location {name}: unknown time zone {name}")
    return rest.strip()


def _check_descriptor(schedule: str) -> None:
    if schedule in _DESCRIPTORS:
        return
    if schedule.startswith(_EVERY):
        text = schedule[len(_EVERY) :]
        if not _DURATION.fullmatch(text):
            told = "missing unit in duration" if text[-1:].isdigit() else "invalid duration"
            raise ScheduleError(f'failed to parse duration {schedule}: time: {told} "{text}"')
        return
    raise ScheduleError(f"unrecognized descriptor: {schedule}")


def _check_range(part: str, bounds: _Bounds) -> None:
    range_and_step = part.split("/")
    low_and_high = range_and_step[0].split("-")
    low, high = _ends(part, low_and_high, bounds)
    if len(range_and_step) > 2:
        raise ScheduleError(f"too many slashes: {part}")
    step = 1
    if len(range_and_step) == 2:
        step = _number(range_and_step[1])
        if len(low_and_high) == 1:
            high = bounds.high
    if low < bounds.low:
        raise ScheduleError(f"beginning of range ({low}) below minimum ({bounds.low}): {part}")
    if high > bounds.high:
        raise ScheduleError(f"end of range ({high}) above maximum ({bounds.high}): {part}")
    if low > high:
        raise ScheduleError(f"beginning of range ({low}) beyond end of range ({high}): {part}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {part}")


def _ends(part: str, low_and_high: list[str], bounds: _Bounds) -> tuple[int, int]:
    if low_and_high[0] in ("*", "?"):
        return bounds.low, bounds.high
    low = _number_or_word(low_and_high[0], bounds)
    if len(low_and_high) > 2:
        raise ScheduleError(f"too many hyphens: {part}")
    return low, low if len(low_and_high) == 1 else _number_or_word(low_and_high[1], bounds)


def _number_or_word(text: str, bounds: _Bounds) -> int:
    known = bounds.words.get(text.lower())
    return _number(text) if known is None else known


def _number(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]+", text, re.ASCII):
        raise ScheduleError(
            f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax'
        )
    number = int(text)
    if number < 0:
        raise ScheduleError(f"negative number ({number}) not allowed: {text}")
    return number


def zone_complaint(zone: str | None) -> str:
    """What is wrong with a time zone; nothing is wrong with none."""
    if zone is None:
        return ""
    if not zone:
        return "timeZone must be nil or non-empty string"
    if not all(_ZONE_PART.fullmatch(part) for part in zone.split("/")):
        return f"unknown time zone {zone}"
    if zone.lower() == "local":
        return (
            "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
        )
    return "" if is_zone(zone) else f"unknown time zone {zone}"


def is_zone(name: str) -> bool:
    """Whether the IANA data base knows the zone."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
