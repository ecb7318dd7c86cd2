"""When finished Jobs go."""

import pytest

from controller_manager.ttlafterfinished.decide import decide
from knarr.api.batch.job import Job, JobCondition, JobSpec, JobStatus
from knarr.api.times import to_time
from tests.builders import NOW, metadata, seconds_ago, template


def job(*, ttl_s: int | None, finished: str = "Complete", ago_s: float = 10) -> Job:
    at = to_time(seconds_ago(ago_s))
    condition = JobCondition(type=finished, status="True", last_transition_time=at)
    return Job(
        metadata=metadata("job"),
        spec=JobSpec(template=template(), ttl_seconds_after_finished=ttl_s),
        status=JobStatus(conditions=(condition,) if finished else ()),
    )


@pytest.mark.parametrize(
    ("found", "goes", "again_after_s"),
    [
        pytest.param(job(ttl_s=None), False, None, id="never when it does not ask"),
        pytest.param(job(ttl_s=5, finished=""), False, None, id="not while it runs"),
        pytest.param(job(ttl_s=60), False, 50, id="later"),
        pytest.param(job(ttl_s=10), True, None, id="when its time is up"),
        pytest.param(job(ttl_s=0, finished="Failed"), True, None, id="failed ones too"),
        pytest.param(job(ttl_s=0, finished="Suspended"), False, None, id="not suspended ones"),
    ],
)
def test_decide(found: Job, goes: bool, again_after_s: float | None) -> None:
    plan = decide(found, now=NOW)
    assert (bool(plan.delete), plan.again_after_s) == (goes, again_after_s)
