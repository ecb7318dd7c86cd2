"""The moments that a cron schedule names, in its time zone.

The wall clock decides, as it does in Kubernetes: a time that a change to
summer time leaves out is left out, one that comes twice counts twice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from msgspec import Struct

from knarr.api.times import parse_span

YEARS_MAX = 5
"""A schedule that names no moment for so long names none at all (30 February)."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_EVERY = "@every "


class ScheduleError(ValueError):
    """The schedule cannot be read."""


class Every(Struct, frozen=True):
    """Every so many seconds from where one starts."""

    seconds: int

    def after(self, moment: datetime) -> datetime | None:
        """The next moment."""
        return moment.replace(microsecond=0) + timedelta(seconds=self.seconds)


class Cron(Struct, frozen=True):
    """Five fields: minutes, hours, days of the month, months, days of the week."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool
    """Whether one of the two day fields is `*`: then the other one decides."""
    zone: tzinfo

    def after(self, moment: datetime) -> datetime | None:
        """The first moment later than this one; None when there is none for years."""
        found = moment.astimezone(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
        last_year = found.year + YEARS_MAX
        while found.year <= last_year:
            local = found.astimezone(self.zone)
            if local.month not in self.months:
                found = self._midnight(found, _next_month(local))
            elif not self._is_day(local):
                found = self._midnight(found, local + timedelta(days=1))
            elif local.hour not in self.hours:
                found += timedelta(minutes=60 - local.minute)
            elif local.minute not in self.minutes:
                found += timedelta(minutes=self._to_minute(local.minute))
            else:
                return found
        return None

    def _is_day(self, local: datetime) -> bool:
        of_month = local.day in self.days
        of_week = local.isoweekday() % 7 in self.weekdays
        return of_month and of_week if self.any_day else of_month or of_week

    def _midnight(self, before: datetime, local: datetime) -> datetime:
        """The first moment of a local day."""
        start = datetime(local.year, local.month, local.day, tzinfo=self.zone).astimezone(UTC)
        return start if start > before else before + timedelta(hours=1)

    def _to_minute(self, minute: int) -> int:
        """How many minutes to the next one that fits, or to the end of the hour."""
        return min((each for each in self.minutes if each > minute), default=60) - minute


def _next_month(local: datetime) -> datetime:
    return (local.replace(day=1) + timedelta(days=32)).replace(day=1)


Schedule = Every | Cron


def zone_named(name: str) -> tzinfo:
    """A time zone by its name. Raise ScheduleError for an unknown one."""
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleError(f"unknown time zone {name}") from error


def read(text: str, zone: tzinfo) -> Schedule:
    """Read a schedule. Raise ScheduleError."""
    if text.startswith(("TZ=", "CRON_TZ=")):
        name, _, text = text.partition(" ")
        zone = zone_named(name.partition("=")[2])
        text = text.strip()
    if text.startswith(_EVERY):
        return Every(max(1, int(_span(text.removeprefix(_EVERY)))))
    fields = _DESCRIPTORS.get(text, text).split()
    if len(fields) != 5:
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{text}]")
    minutes, hours, days, months, weekdays = fields
    return Cron(
        minutes=_field(minutes, 0, 59),
        hours=_field(hours, 0, 23),
        days=_field(days, 1, 31),
        months=_field(months, 1, 12, {word: i for i, word in enumerate(_MONTHS, 1)}),
        weekdays=_field(weekdays, 0, 6, {word: i for i, word in enumerate(_DAYS)}),
        any_day=_is_any(days) or _is_any(weekdays),
        zone=zone,
    )


def _span(text: str) -> float:
    try:
        return parse_span(text)
    except ValueError as error:
        raise ScheduleError(f"failed to parse duration {_EVERY}{text}: {error}") from error


def _is_any(field: str) -> bool:
    parts = (part.partition("/") for part in field.split(","))
    return any(start in ("*", "?") and step in ("", "1") for start, _, step in parts)


def _field(
    field: str, low: int, high: int, words: Mapping[str, int] | None = None
) -> frozenset[int]:
    found: set[int] = set()
    for part in filter(None, field.split(",")):
        span, slash, step_text = part.partition("/")
        first_text, dash, last_text = span.partition("-")
        step = _number(step_text, {}) if slash else 1
        if first_text in ("*", "?"):
            first, last = low, high
        else:
            first = _number(first_text, words or {})
            last = _number(last_text, words or {}) if dash else high if slash else first
        if step < 1 or first < low or last > high or first > last:
            raise ScheduleError(f"failed to parse {part}: out of range")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, words: Mapping[str, int]) -> int:
    if text.lower() in words:
        return words[text.lower()]
    if not text.isascii() or not text.isdigit():
        raise ScheduleError(f"failed to parse int from {text}")
    return int(text)
