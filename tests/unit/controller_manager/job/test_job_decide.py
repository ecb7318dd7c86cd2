"""What a Job does about its pods, and how it counts them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.job.backoff import Failures
from controller_manager.job.decide import decide
from controller_manager.job.indexes import Indexes, parse
from controller_manager.job.pods import FAILURES, INDEX, TRACKING, index_of
from knarr.api import conditions
from knarr.api.batch.job import (
    Job,
    JobSpec,
    JobStatus,
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
    UncountedTerminatedPods,
)
from knarr.api.core.container_status import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
)
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.meta.selector import LabelSelector
from knarr.api.plan import Plan
from knarr.api.times import to_time
from tests.builders import NOW, metadata, pod, seconds_ago, template

START = to_time(seconds_ago(100))


def job(status: JobStatus | None = None, **spec: Any) -> Job:
    for field, default in (("parallelism", 1), ("completions", 1), ("backoff_limit", 6)):
        spec.setdefault(field, default)
    return Job(
        metadata=metadata("job"),
        spec=JobSpec(
            selector=LabelSelector(match_labels={"app": "web"}), template=template(), **spec
        ),
        status=status or JobStatus(start_time=START),
    )


def indexed(completions: int, **more: Any) -> Job:
    more.setdefault("parallelism", completions)
    return job(completions=completions, completion_mode="Indexed", **more)


def mine(name: str, phase: str = "Running", *, index: int | None = None, **more: Any) -> Pod:
    tracked = more.pop("tracked", True)
    exit_code = more.pop("exit_code", 1 if phase == "Failed" else 0)
    failures = more.pop("failures", 0)
    annotations = {} if index is None else {INDEX: str(index), FAILURES: str(failures)}
    made = pod(name, phase, owner=job(), annotations=annotations, **more)
    if phase in ("Succeeded", "Failed"):
        ended = ContainerStateTerminated(exit_code=exit_code, finished_at=to_time(seconds_ago(50)))
        state = ContainerStatus(
            name="c",
            image="img:1",
            image_id="",
            ready=False,
            restart_count=0,
            state=ContainerState(terminated=ended),
        )
        made = replace(made, status=replace(made.status, container_statuses=(state,)))
    finalizers = (TRACKING,) if tracked else ()
    return replace(made, metadata=replace(made.metadata, finalizers=finalizers))


def step(owner: Job, *pods: Pod, failures: Failures | None = None) -> Plan:
    return decide(owner, pods, failures=failures or Failures(), now=NOW).plan


def status_of(plan: Plan, owner: Job) -> JobStatus:
    return plan.status.status if isinstance(plan.status, Job) else owner.status


def reason(status: JobStatus, kind: str) -> str:
    found = conditions.find(status.conditions, kind)
    return found.reason if found is not None and found.status == "True" else ""


def gone(plan: Plan) -> list[str]:
    return [each.metadata.name for each in plan.delete if isinstance(each, Pod)]


@pytest.mark.parametrize(
    ("owner", "pods", "made", "removed"),
    [
        pytest.param(job(), [], 1, 0, id="makes one"),
        pytest.param(job(parallelism=3, completions=2), [], 2, 0, id="no more than are needed"),
        pytest.param(job(parallelism=2, completions=9), [mine("a")], 1, 0, id="up to parallelism"),
        pytest.param(job(parallelism=3, completions=None), [], 3, 0, id="a queue gets all at once"),
        pytest.param(
            job(parallelism=3, completions=None),
            [mine("a", "Succeeded"), mine("b")],
            0,
            0,
            id="one success of a queue is enough",
        ),
        pytest.param(
            job(parallelism=1, completions=9), [mine("a"), mine("b")], 0, 1, id="removes surplus"
        ),
        pytest.param(job(suspend=True), [mine("a")], 0, 1, id="suspended has none"),
        pytest.param(
            job(pod_replacement_policy="Failed"),
            [mine("a", deleting=True)],
            0,
            0,
            id="waits for one that ends if asked to",
        ),
        pytest.param(
            job(backoff_limit=0), [mine("a", "Failed"), mine("b")], 0, 1, id="failed removes all"
        ),
        pytest.param(
            indexed(3), [mine("a", index=1), mine("b", index=1)], 0, 1, id="no index twice"
        ),
    ],
)
def test_pods(owner: Job, pods: list[Pod], made: int, removed: int) -> None:
    plan = step(owner, *pods)
    assert (len(plan.create), len(plan.delete)) == (made, removed)


def test_failures_are_waited_after() -> None:
    failed = mine("a", "Failed")
    fresh = replace(failed, status=replace(failed.status, container_statuses=()))
    assert step(job(), failed).create  # It is 50 s ago: the 10 s are over.
    many = Failures(count=4, last=seconds_ago(50))
    plan = step(job(), fresh, failures=many)
    assert not plan.create
    assert plan.again_after_s


def test_a_pod_is_counted_in_three_steps() -> None:
    owner = job(parallelism=2, completions=2)
    done = mine("a", "Succeeded")
    first = step(owner, done)
    told = status_of(first, owner)
    assert told.uncounted_terminated_pods == UncountedTerminatedPods(succeeded=("uid-a",))
    assert (told.succeeded, first.patch) == (0, ())
    owner = replace(owner, status=told)
    second = step(owner, done)
    assert [each.object for each in second.patch] == [done]
    assert status_of(second, owner).succeeded == 0
    third = step(owner, mine("a", "Succeeded", tracked=False))
    assert status_of(third, owner).succeeded == 1
    assert status_of(third, owner).uncounted_terminated_pods == UncountedTerminatedPods()


def test_it_is_complete_only_when_all_is_counted() -> None:
    owner = job()
    done = mine("a", "Succeeded")
    told = status_of(step(owner, done), owner)
    assert reason(told, "SuccessCriteriaMet") == "CompletionsReached"
    assert not reason(told, "Complete")
    plan = step(replace(owner, status=told), mine("a", "Succeeded", tracked=False))
    told = status_of(plan, owner)
    assert reason(told, "Complete") == "CompletionsReached"
    assert told.completion_time == to_time(NOW)
    assert [(each.reason, each.message) for each in plan.notices] == [
        ("Completed", "Job completed")
    ]


def policy(action: str, **rule: Any) -> PodFailurePolicy:
    return PodFailurePolicy(rules=(PodFailurePolicyRule(action=action, **rule),))


EXIT_42 = {"on_exit_codes": PodFailurePolicyOnExitCodesRequirement(operator="In", values=(42,))}
DISRUPTED = {
    "on_pod_conditions": (
        PodFailurePolicyOnPodConditionsPattern(type="DisruptionTarget", status="True"),
    )
}


@pytest.mark.parametrize(
    ("owner", "pods", "target"),
    [
        pytest.param(job(), [mine("a", "Failed")], "", id="goes on"),
        pytest.param(
            job(backoff_limit=0), [mine("a", "Failed")], "BackoffLimitExceeded", id="backoffLimit"
        ),
        pytest.param(
            job(active_deadline_seconds=60), [mine("a")], "DeadlineExceeded", id="deadline"
        ),
        pytest.param(
            job(pod_failure_policy=policy("FailJob", **EXIT_42)),
            [mine("a", "Failed", exit_code=42)],
            "PodFailurePolicy",
            id="FailJob",
        ),
        pytest.param(
            job(backoff_limit=0, pod_failure_policy=policy("Ignore", **EXIT_42)),
            [mine("a", "Failed", exit_code=42)],
            "",
            id="Ignore",
        ),
        pytest.param(
            job(backoff_limit=0, pod_failure_policy=policy("Ignore", **EXIT_42)),
            [mine("a", "Failed", exit_code=1)],
            "BackoffLimitExceeded",
            id="no rule fits",
        ),
        pytest.param(
            indexed(2, backoff_limit=99, backoff_limit_per_index=0, max_failed_indexes=0),
            [mine("a", "Failed", index=1), mine("b", index=0)],
            "MaxFailedIndexesExceeded",
            id="maxFailedIndexes",
        ),
        pytest.param(
            indexed(2, backoff_limit=99, backoff_limit_per_index=0),
            [mine("a", "Failed", index=1), mine("b", "Succeeded", index=0)],
            "FailedIndexes",
            id="all indexes ended, some failed",
        ),
        pytest.param(
            indexed(2, backoff_limit=99, backoff_limit_per_index=1),
            [mine("a", "Failed", index=1), mine("b", "Succeeded", index=0)],
            "",
            id="an index may be tried again",
        ),
    ],
)
def test_failing(owner: Job, pods: list[Pod], target: str) -> None:
    assert reason(status_of(step(owner, *pods), owner), "FailureTarget") == target


def test_a_message_names_the_rule() -> None:
    owner = job(pod_failure_policy=policy("FailJob", **DISRUPTED))
    hit = mine("a", "Failed")
    condition = PodCondition(type="DisruptionTarget", status="True")
    hit = replace(hit, status=replace(hit.status, conditions=(condition,)))
    found = conditions.find(status_of(step(owner, hit), owner).conditions, "FailureTarget")
    assert found is not None
    assert found.message == (
        "Pod default/a has condition DisruptionTarget matching FailJob rule at index 0"
    )


def test_a_success_policy_ends_the_others() -> None:
    rule = SuccessPolicyRule(succeeded_indexes="0,2", succeeded_count=1)
    owner = indexed(3, success_policy=SuccessPolicy(rules=(rule,)))
    plan = step(owner, mine("a", "Succeeded", index=2), mine("b", index=1))
    assert gone(plan) == ["b"]
    told = status_of(plan, owner)
    assert reason(told, "SuccessCriteriaMet") == "SuccessPolicy"
    assert told.failed == 0


def test_a_tried_index_remembers_its_failures() -> None:
    owner = indexed(1, backoff_limit=99, backoff_limit_per_index=5)
    plan = step(owner, mine("a", "Failed", index=0, failures=1))
    (made,) = plan.create
    assert isinstance(made, Pod)
    assert made.metadata.annotations[FAILURES] == "2"
    assert not plan.patch, "the failed pod stays until its successor is there"


@pytest.mark.parametrize(
    ("text", "total"), [("", 0), ("0", 1), ("0,1", 2), ("0-2", 3), ("1,3-5,7", 5)]
)
def test_indexes_are_written_as_they_are_read(text: str, total: int) -> None:
    assert str(parse(text, 10)) == text
    assert parse(text, 10).total == total


@given(st.sets(st.integers(0, 60)))
def test_indexes_are_a_set(found: set[int]) -> None:
    indexes = Indexes().with_(found)
    assert {index for index in range(61) if index in indexes} == found
    assert set(indexes.missing(61)) == set(range(61)) - found
    assert parse(str(indexes), 61) == indexes


some = st.lists(
    st.tuples(
        st.sampled_from(["Pending", "Running", "Succeeded", "Failed"]),
        st.booleans(),
        st.integers(0, 5),
    ),
    max_size=10,
)


@given(found=some, parallelism=st.integers(0, 6), completions=st.integers(1, 6))
def test_never_more_active_than_parallelism(
    found: list[tuple[str, bool, int]], parallelism: int, completions: int
) -> None:
    owner = indexed(completions, parallelism=parallelism)
    pods = [
        mine(f"p{i}", phase, deleting=deleting, index=index)
        for i, (phase, deleting, index) in enumerate(found)
    ]
    plan = step(owner, *pods)
    active = [
        each
        for each in pods
        if each.metadata.deletion_timestamp is None and each.status.phase in ("Pending", "Running")
    ]
    kept = [each for each in active if each not in plan.delete]
    made = [index_of(owner, each) for each in plan.create if isinstance(each, Pod)]
    assert len(kept) + len(made) <= max(parallelism, 0)
    busy = [index_of(owner, each) for each in kept] + made
    assert len(set(busy)) == len(busy), "no index is worked on twice"
    assert not (plan.create and plan.delete)
