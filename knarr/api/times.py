"""Moments and spans as the API writes them.

`normalise` and `normalise_micro` turn any RFC 3339 spelling into the one the
API keeps; what is not RFC 3339 is refused in Go's words.
"""

import re
from datetime import UTC, datetime

from knarr.api.scalars import MicroTime, Time

_RFC_3339 = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})([.,]\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII
)
_LAYOUT = "2006-01-02T15:04:05Z07:00"
_MICRO_LAYOUT = "2006-01-02T15:04:05.000000Z07:00"
_STEPS = (
    (r"\d{4}", "2006"),
    ("-", "-"),
    (r"\d{2}", "01"),
    ("-", "-"),
    (r"\d{2}", "02"),
    ("T", "T"),
    (r"\d{1,2}", "15"),
    (":", ":"),
    (r"\d{2}", "04"),
    (":", ":"),
    (r"\d{2}", "05"),
    (r"(?:[.,]\d+)?(?:Z|[+-]\d{2}:\d{2})", "Z07:00"),
)


def parse(text: Time | MicroTime) -> datetime:
    """The moment an API time names. Raise ValueError when it is not RFC 3339."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment.astimezone(UTC)


def to_time(moment: datetime) -> Time:
    """Write a moment to the second, fractions cut off."""
    # Several times as fast as strftime, and every write says when it was.
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"


def to_micro_time(moment: datetime) -> MicroTime:
    """Write a moment to the microsecond."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")[:26] + "Z"


def seconds_between(earlier: Time | MicroTime, later: datetime) -> float:
    """Seconds from an API time to a moment; negative when it lies in the future."""
    return (later - parse(earlier)).total_seconds()


def normalise(text: str) -> Time:
    """Rewrite any RFC 3339 time as the API keeps it, to the second in UTC. Raise ValueError."""
    return to_time(_read(text, _LAYOUT))


def normalise_micro(text: str) -> MicroTime:
    """Rewrite any RFC 3339 time to the microsecond in UTC. Raise ValueError."""
    return to_micro_time(_read(text, _MICRO_LAYOUT))


def _read(text: str, layout: str) -> datetime:
    if _RFC_3339.fullmatch(text) is None:
        raise ValueError(_complaint(text, layout))
    try:
        return parse(text.replace(",", "."))
    except ValueError as error:
        part = _part_out_of_range(str(error))
        raise ValueError(f'parsing time "{text}": {part} out of range') from error


def _part_out_of_range(words: str) -> str:
    for part in ("month", "day", "hour", "minute", "second"):
        if part in words:
            return part
    return "day"


def _complaint(text: str, layout: str) -> str:
    rest = text
    for pattern, word in _STEPS:
        found = re.match(pattern, rest, re.ASCII)
        if found is None:
            return f'parsing time "{text}" as "{layout}": cannot parse "{rest}" as "{word}"'
        rest = rest[found.end() :]
    return f'parsing time "{text}": extra text: "{rest}"'


_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_SPAN = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)


def parse_span(text: str) -> float:
    """Seconds that a span such as `1h30m` or `250ms` lasts. Raise ValueError."""
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0.0
    total, at = 0.0, 0
    for found in _SPAN.finditer(rest):
        if found.start() != at:
            break
        total += float(found[1]) * _UNITS[found[2]]
        at = found.end()
    if not rest or at != len(rest):
        raise ValueError(f'time: invalid duration "{text}"')
    return -total if text.startswith("-") else total


def span(seconds: float) -> str:
    """Write a span as Go does: `1h30m0s`, `1.5s`, `250ms`, `0s`."""
    if seconds == 0:
        return "0s"
    sign, nanos = ("-" if seconds < 0 else ""), round(abs(seconds) * 1e9)
    if nanos < 1_000_000_000:
        unit, size = next(
            (unit, size)
            for unit, size in (("ms", 1_000_000), ("µs", 1000), ("ns", 1))
            if nanos >= size
        )
        return f"{sign}{_decimal(nanos, size)}{unit}"
    minutes, rest = divmod(nanos, 60_000_000_000)
    hours, minutes = divmod(minutes, 60)
    words = f"{hours}h{minutes}m" if hours else f"{minutes}m" if minutes else ""
    return f"{sign}{words}{_decimal(rest, 1_000_000_000)}s"


def _decimal(amount: int, unit: int) -> str:
    whole, rest = divmod(amount, unit)
    if not rest:
        return str(whole)
    return f"{whole}.{str(rest).zfill(len(str(unit)) - 1).rstrip('0')}"


_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400
_AGES = (
    (2 * _MINUTE, 1, "s", 0, ""),
    (10 * _MINUTE, _MINUTE, "m", 1, "s"),
    (3 * _HOUR, _MINUTE, "m", 0, ""),
    (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
    (2 * _DAY, _HOUR, "h", 0, ""),
    (8 * _DAY, _DAY, "d", _HOUR, "h"),
    (2 * _YEAR, _DAY, "d", 0, ""),
    (8 * _YEAR, _YEAR, "y", _DAY, "d"),
)
"""Below so many seconds: the unit shown, and the smaller one shown beside it."""


def age(seconds: float) -> str:
    """An age as tables show it: `5s`, `3m20s`, `2d3h`, `400d`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    whole = max(whole, 0)
    for limit, size, unit, smaller, smaller_unit in _AGES:
        if whole < limit:
            rest = whole % size // smaller if smaller else 0
            return f"{whole // size}{unit}" + (f"{rest}{smaller_unit}" if rest else "")
    return f"{whole // _YEAR}y"
