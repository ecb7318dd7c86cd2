"""When a CronJob is due: what it missed, and when it is due next."""

from datetime import datetime, timedelta

from msgspec import Struct

from controller_manager.cronjob.schedule import Every, Schedule
from knarr.api.batch.cron_job import CronJob
from knarr.api.times import parse

MISSED_MAX = 100
"""More missed starts than this are told to the user."""


class Due(Struct, frozen=True):
    """The latest moment that was due and not started, if any."""

    at: datetime | None
    is_overdue: bool = False
    """Whether more than `MISSED_MAX` starts were missed."""


def due(cron_job: CronJob, schedule: Schedule, now: datetime) -> Due:
    """What should have been started by now; only the latest start is made up for."""
    start = _since(cron_job)
    deadline_s = cron_job.spec.starting_deadline_seconds
    if deadline_s is not None:
        start = max(start, now - timedelta(seconds=deadline_s))
    first = schedule.after(start)
    if first is None or first > now:
        return Due(None)
    second = schedule.after(first)
    if second is None or second > now:
        return Due(first)
    gap_s = (second - first).total_seconds()
    missed = int((now - first).total_seconds() // gap_s) + 1
    return Due(_latest(schedule, first, gap_s, now), is_overdue=missed > MISSED_MAX)


def _latest(schedule: Schedule, first: datetime, gap_s: float, now: datetime) -> datetime:
    """The last moment up to now, found without walking through all of them."""
    if isinstance(schedule, Every):
        steps = int((now - first).total_seconds() // gap_s)
        return first + timedelta(seconds=steps * gap_s)
    back_s = gap_s
    while now - timedelta(seconds=back_s) > first:
        found = schedule.after(now - timedelta(seconds=back_s))
        if found is not None and found <= now:
            break
        back_s *= 2
    latest = first
    following = schedule.after(max(first, now - timedelta(seconds=back_s)))
    while following is not None and following <= now:
        latest = following
        following = schedule.after(latest)
    return latest


def until_next_s(cron_job: CronJob, schedule: Schedule, now: datetime) -> float | None:
    """Seconds until it is due again; None when it never is."""
    start = now
    if isinstance(schedule, Every):
        first = schedule.after(_since(cron_job))
        assert first is not None, "there is always a next one"
        start = _since(cron_job)
        if first <= now:
            start = _latest(schedule, first, float(schedule.seconds), now)
    following = schedule.after(start)
    return None if following is None else max(0.0, (following - now).total_seconds())


def _since(cron_job: CronJob) -> datetime:
    moment = cron_job.status.last_schedule_time or cron_job.metadata.creation_timestamp
    assert moment is not None, "a stored object has its creation time"
    return parse(moment)
