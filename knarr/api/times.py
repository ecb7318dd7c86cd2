"""Moments as the API writes them."""

from datetime import UTC, datetime

from knarr.api.scalars import MicroTime, Time


def parse(text: Time | MicroTime) -> datetime:
    """The moment an API time names. Raise ValueError when it is not RFC 3339."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone")
    return moment.astimezone(UTC)


def to_time(moment: datetime) -> Time:
    """Write a moment to the second, fractions cut off."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def to_micro_time(moment: datetime) -> MicroTime:
    """Write a moment to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def seconds_between(earlier: Time | MicroTime, later: datetime) -> float:
    """Seconds from an API time to a moment; negative when it lies in the future."""
    return (later - parse(earlier)).total_seconds()
