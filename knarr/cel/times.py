"""Points in time and spans of time."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from knarr.cel.errors import CelError, no_overload

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[-+]\d\d:\d\d)"
)
_DURATION = re.compile(r"[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+|[-+]?0")
_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_OFFSET = re.compile(r"([-+]?)(\d\d):(\d\d)")
_MICROSECONDS = {
    "ns": 0.001, "us": 1, "µs": 1, "μs": 1, "ms": 1e3, "s": 1e6, "m": 6e7, "h": 3.6e9,
}  # fmt: skip


def timestamp(value: Any) -> datetime:
    """A point in time from its text, or from seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    if not isinstance(value, str):
        raise no_overload("timestamp")
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        raise CelError(f'parsing time "{value}" as "2006-01-02T15:04:05Z07:00": cannot parse')
    *whole, fraction, zone = match.groups()
    micro = int((fraction or ".0")[1:7].ljust(6, "0"))
    offset: tzinfo = UTC if zone in "Zz" else _zone(zone)
    try:
        year, month, day, hour, minute, second = (int(part) for part in whole)
        found = datetime(year, month, day, hour, minute, second, micro, offset)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise CelError(f'parsing time "{value}": out of range') from None


def duration(value: Any) -> timedelta:
    """A span of time from its text, such as `1h30m`."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise no_overload("duration")
    if not _DURATION.fullmatch(value):
        raise CelError(f'time: invalid duration "{value}"')
    total = sum(float(number) * _MICROSECONDS[unit] for number, unit in _PART.findall(value))
    return timedelta(microseconds=-total if value.startswith("-") else total)


def nanoseconds(span: timedelta) -> int:
    """How long a span is."""
    return (span // timedelta(microseconds=1)) * 1000


def add(left: Any, right: Any) -> Any:
    """A time later, or two spans together."""
    if isinstance(right, datetime) and isinstance(left, timedelta):
        return right + left
    if isinstance(right, timedelta) and isinstance(left, datetime | timedelta):
        return left + right
    raise no_overload("_+_")


def subtract(left: Any, right: Any) -> Any:
    """A time earlier, or what lies between."""
    if isinstance(left, datetime) and isinstance(right, datetime | timedelta):
        return left - right
    if isinstance(left, timedelta) and isinstance(right, timedelta):
        return left - right
    raise no_overload("_-_")


def timestamp_text(value: datetime) -> str:
    """A point in time as RFC 3339 writes it."""
    text = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{text}{fraction}Z"


def duration_text(value: timedelta) -> str:
    """A span in seconds."""
    seconds = value.total_seconds()
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{seconds!r}s"


def _zone(name: str) -> tzinfo:
    match = _OFFSET.fullmatch(name)
    if match is not None:
        sign, hours, minutes = match.groups()
        span = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-span if sign == "-" else span)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise CelError(f"unknown time zone {name}") from None


def _of_timestamp(read: Callable[[datetime], int]) -> Callable[..., int]:
    def function(value: datetime, zone: str = "UTC") -> int:
        return read(value.astimezone(UTC if zone == "UTC" else _zone(zone)))

    return function


OF_TIMESTAMP: Mapping[str, Callable[..., Any]] = {
    "getFullYear": _of_timestamp(lambda at: at.year),
    "getMonth": _of_timestamp(lambda at: at.month - 1),
    "getDate": _of_timestamp(lambda at: at.day),
    "getDayOfMonth": _of_timestamp(lambda at: at.day - 1),
    "getDayOfWeek": _of_timestamp(lambda at: at.isoweekday() % 7),
    "getDayOfYear": _of_timestamp(lambda at: at.timetuple().tm_yday - 1),
    "getHours": _of_timestamp(lambda at: at.hour),
    "getMinutes": _of_timestamp(lambda at: at.minute),
    "getSeconds": _of_timestamp(lambda at: at.second),
    "getMilliseconds": _of_timestamp(lambda at: at.microsecond // 1000),
}
OF_DURATION: Mapping[str, Callable[..., Any]] = {
    "getHours": lambda span: int(span.total_seconds() / 3600),
    "getMinutes": lambda span: int(span.total_seconds() / 60),
    "getSeconds": lambda span: int(span.total_seconds()),
    "getMilliseconds": lambda span: int(span.total_seconds() * 1000),
}
