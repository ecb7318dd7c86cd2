"""When a CronJob starts Jobs, and which."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.cronjob.decide import SCHEDULED_AT, decide
from controller_manager.cronjob.moments import due, until_next_s
from controller_manager.cronjob.schedule import Cron, ScheduleError, read
from knarr.api.batch.cron_job import CronJob, CronJobSpec, CronJobStatus
from knarr.api.batch.job import Job, JobCondition, JobSpec, JobStatus, JobTemplateSpec
from knarr.api.core.references import ObjectReference
from knarr.api.plan import Plan
from knarr.api.times import to_time
from tests.builders import metadata, template

NOON = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
"""A Monday, half a minute past noon."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "following"),
    [
        ("* * * * *", "2026-03-02 12:00:30", "2026-03-02 12:01"),
        ("* * * * *", "2026-03-02 12:00:00", "2026-03-02 12:01"),
        ("*/15 * * * *", "2026-03-02 12:46", "2026-03-02 13:00"),
        ("30 6-16/4 * * 1-5", "2026-03-06 14:31", "2026-03-09 06:30"),
        ("0 0 29 2 *", "2026-03-02 12:00", "2028-02-29 00:00"),
        ("0 12 1 * 1", "2026-03-02 12:00", "2026-03-09 12:00"),
        ("0 12 13 * fri", "2026-03-02 12:00", "2026-03-06 12:00"),
        ("0 0 */2 * 1", "2026-03-02 12:00", "2026-03-03 00:00"),
        ("@hourly", "2026-03-02 12:00", "2026-03-02 13:00"),
        ("@weekly", "2026-03-02 12:00", "2026-03-08 00:00"),
        ("@yearly", "2026-03-02 12:00", "2027-01-01 00:00"),
        ("@every 90s", "2026-03-02 12:00:30", "2026-03-02 12:02"),
        ("TZ=Asia/Tokyo 0 9 * * *", "2026-03-02 12:00", "2026-03-03 00:00"),
    ],
)
def test_next(schedule: str, after: str, following: str) -> None:
    assert read(schedule, UTC).after(at(after)) == at(following)


def test_a_day_that_never_comes() -> None:
    assert read("0 0 30 2 *", UTC).after(NOON) is None


@pytest.mark.parametrize("text", ["", "* * * *", "60 * * * *", "a * * * *", "5-1 * * * *"])
def test_what_is_no_schedule(text: str) -> None:
    with pytest.raises(ScheduleError):
        read(text, UTC)


@pytest.mark.parametrize(
    ("schedule", "after", "following"),
    [
        pytest.param(
            "30 2 * * *",
            "2026-03-28 12:00",
            ["2026-03-30 00:30"],
            id="2:30 is left out on the night of the change to summer time",
        ),
        pytest.param(
            "30 2 * * *",
            "2026-10-24 12:00",
            ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-26 01:30"],
            id="2:30 comes twice on the night of the change back",
        ),
        pytest.param(
            "0 * * * *",
            "2026-03-29 00:00",
            ["2026-03-29 01:00", "2026-03-29 02:00"],
            id="every hour stays every hour",
        ),
    ],
)
def test_summer_time(schedule: str, after: str, following: list[str]) -> None:
    read_schedule = read(schedule, ZoneInfo("Europe/Zurich"))
    moment = at(after)
    for expected in following:
        found = read_schedule.after(moment)
        assert found == at(expected)
        assert found is not None
        moment = found


@given(
    minutes=st.sets(st.integers(0, 59), min_size=1),
    hours=st.sets(st.integers(0, 23), min_size=1),
    start=st.integers(0, 2 * 366 * 86400),
    zone=st.sampled_from(["UTC", "Europe/Zurich", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_next_moment_is_the_next_that_fits(
    minutes: set[int], hours: set[int], start: int, zone: str
) -> None:
    text = f"{','.join(map(str, minutes))} {','.join(map(str, hours))} * * *"
    schedule = read(text, ZoneInfo(zone))
    assert isinstance(schedule, Cron)
    after = at("2025-01-01") + timedelta(seconds=start)
    found = schedule.after(after)
    assert found is not None
    assert found > after
    local = found.astimezone(ZoneInfo(zone))
    assert (local.minute in minutes, local.hour in hours) == (True, True)


def cron_job(status: CronJobStatus | None = None, **spec: Any) -> CronJob:
    spec.setdefault("schedule", "* * * * *")
    spec.setdefault("concurrency_policy", "Allow")
    return CronJob(
        metadata=metadata("cj", created=NOON - timedelta(minutes=1)),
        spec=CronJobSpec(
            job_template=JobTemplateSpec(spec=JobSpec(template=template())),
            successful_jobs_history_limit=3,
            failed_jobs_history_limit=1,
            **spec,
        ),
        status=status or CronJobStatus(),
    )


def child(minutes_ago: int, end: str = "") -> Job:
    moment = NOON.replace(second=0) - timedelta(minutes=minutes_ago)
    meta = metadata(
        f"cj-{int(moment.timestamp()) // 60}",
        owner=cron_job(),
        annotations={SCHEDULED_AT: to_time(moment)},
    )
    ended = (JobCondition(type=end, status="True"),) if end else ()
    status = JobStatus(
        conditions=ended, start_time=to_time(moment), completion_time=to_time(moment)
    )
    return Job(metadata=meta, status=status)


def recorded(minutes_ago: int, *active: Job) -> CronJobStatus:
    moment = NOON.replace(second=0) - timedelta(minutes=minutes_ago)
    return CronJobStatus(
        last_schedule_time=to_time(moment),
        active=tuple(
            ObjectReference(name=each.metadata.name, uid=each.metadata.uid) for each in active
        ),
    )


def made(plan: Plan) -> list[str]:
    return [each.metadata.name for each in plan.create if isinstance(each, Job)]


def reasons(plan: Plan) -> list[str]:
    return [notice.reason for notice in plan.notices]


THIS_MINUTE = f"cj-{int(NOON.timestamp()) // 60}"


def test_the_name_is_the_minute() -> None:
    assert made(decide(cron_job(), (), now=NOON)) == [THIS_MINUTE]


@pytest.mark.parametrize(
    ("owner", "jobs", "names", "said"),
    [
        pytest.param(cron_job(recorded(0)), [], [], [], id="not twice in a minute"),
        pytest.param(cron_job(suspend=True), [], [], [], id="suspended"),
        pytest.param(cron_job(time_zone="Mars/Olympus"), [], [], ["UnknownTimeZone"], id="zone"),
        pytest.param(
            cron_job(recorded(1, child(1)), concurrency_policy="Forbid"),
            [child(1)],
            [],
            ["JobAlreadyActive"],
            id="Forbid",
        ),
        pytest.param(cron_job(recorded(1, child(1))), [child(1)], [THIS_MINUTE], [], id="Allow"),
        pytest.param(
            cron_job(recorded(1, child(1)), concurrency_policy="Replace"),
            [child(1)],
            [THIS_MINUTE],
            [],
            id="Replace",
        ),
        pytest.param(
            cron_job(recorded(500)),
            [],
            [THIS_MINUTE],
            ["TooManyMissedTimes"],
            id="more than 100 missed: one start and a warning",
        ),
        pytest.param(
            cron_job(recorded(500), starting_deadline_seconds=60),
            [],
            [THIS_MINUTE],
            [],
            id="a deadline forgets what is older",
        ),
        pytest.param(
            cron_job(recorded(100, child(100)), schedule="0 * * * *", starting_deadline_seconds=5),
            [],
            [],
            ["MissingJob"],
            id="too late",
        ),
    ],
)
def test_starts(owner: CronJob, jobs: list[Job], names: list[str], said: list[str]) -> None:
    plan = decide(owner, jobs, now=NOON)
    assert (made(plan), reasons(plan)) == (names, said)


def test_replace_deletes_the_active_one() -> None:
    owner = cron_job(recorded(1, child(1)), concurrency_policy="Replace")
    plan = decide(owner, [child(1)], now=NOON)
    assert [each.metadata.name for each in plan.delete if isinstance(each, Job)] == [
        child(1).metadata.name
    ]


def test_a_job_that_is_there_is_recorded_without_being_made_again() -> None:
    plan = decide(cron_job(), [child(0)], now=NOON)
    assert not plan.create
    assert isinstance(plan.status, CronJob)
    assert plan.status.status.last_schedule_time == to_time(NOON.replace(second=0))
    assert [each.name for each in plan.status.status.active] == [THIS_MINUTE]


def test_an_ended_job_leaves_the_list() -> None:
    ended = child(0, "Complete")
    plan = decide(cron_job(recorded(0, ended)), [ended], now=NOON)
    assert reasons(plan) == ["SawCompletedJob"]
    assert isinstance(plan.status, CronJob)
    assert plan.status.status.active == ()
    assert plan.status.status.last_successful_time


def test_history_is_kept_up_to_the_limits() -> None:
    ended = [child(i, "Complete") for i in range(1, 6)]
    failed = [child(i, "Failed") for i in range(6, 9)]
    plan = decide(cron_job(recorded(0)), [*ended, *failed], now=NOON)
    gone = {each.metadata.name for each in plan.delete if isinstance(each, Job)}
    assert gone == {each.metadata.name for each in (*ended[3:], *failed[1:])}


@given(
    schedule=st.sampled_from(["* * * * *", "*/7 * * * *", "0 3 * * 1", "@every 45m", "5 4 1 * *"]),
    missed_s=st.integers(0, 90 * 86400),
)
def test_the_latest_missed_start_is_made_up_for(schedule: str, missed_s: int) -> None:
    start = NOON - timedelta(seconds=missed_s)
    owner = cron_job(CronJobStatus(last_schedule_time=to_time(start)), schedule=schedule)
    plan = read(schedule, UTC)
    found = due(owner, plan, NOON).at
    if found is not None:
        assert start < found <= NOON
        following = plan.after(found)
        assert following is not None
        assert following > NOON
    else:
        first = plan.after(start)
        assert first is not None
        assert first > NOON
    wait_s = until_next_s(owner, plan, NOON)
    assert wait_s is not None
    assert wait_s > 0


def test_a_clock_set_back_starts_nothing_twice() -> None:
    owner = cron_job(recorded(-30))
    assert made(decide(owner, (), now=NOON)) == []


def test_a_job_made_by_hand_is_noticed() -> None:
    manual = replace(child(0), metadata=metadata("manual", owner=cron_job()))
    plan = decide(cron_job(recorded(0)), [manual], now=NOON)
    assert reasons(plan) == ["UnexpectedJob"]


def walk(owner: CronJob, moments: list[datetime]) -> list[str]:
    """Look at these moments; answer the names of all Jobs made, in order."""
    jobs: list[Job] = []
    for now in moments:
        for _ in range(2):  # The second look records what the first one made.
            plan = decide(owner, jobs, now=now)
            if isinstance(plan.status, CronJob):
                owner = plan.status
            made_now = [each for each in plan.create if isinstance(each, Job)]
            ends = (JobCondition(type="Complete", status="True"),)
            jobs += [replace(each, status=JobStatus(conditions=ends)) for each in made_now]
            jobs = [
                replace(each, metadata=replace(each.metadata, uid=each.metadata.name))
                for each in jobs
            ]
    return [each.metadata.name for each in jobs]


def test_a_month_with_the_change_to_summer_time() -> None:
    owner = cron_job(schedule="30 2 * * *", time_zone="Europe/Zurich")
    moments = [NOON + timedelta(minutes=15 * step) for step in range(30 * 24 * 4)]
    names = walk(owner, moments)
    assert len(names) == len(set(names)) == 29, "one a night, but for the night without 2:30"


def test_clocks_that_jump_make_no_job_twice() -> None:
    owner = cron_job(schedule="0 * * * *")
    hour = timedelta(hours=1)
    moments = [NOON + hour, NOON - 5 * hour, NOON + hour, NOON + 9 * hour, NOON + 3 * hour]
    names = walk(owner, [*moments, NOON + 10 * hour])
    assert len(names) == len(set(names)) == 3, "13:00, 21:00 and 22:00"
