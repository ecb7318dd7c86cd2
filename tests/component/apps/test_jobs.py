"""Jobs and CronJobs as Kubernetes' conformance tests want them."""

import asyncio
from typing import Any

import pytest

from knarr.api.core.pod import Pod
from tests.component.apps.stage import Plain, Stage, play, template

INDEX = "batch.kubernetes.io/job-completion-index"


def job(restart: str = "Never", **spec: Any) -> Plain:
    """A Job named `w`."""
    return {
        "metadata": {"name": "w"},
        "spec": {"template": template("w", restartPolicy=restart), **spec},
    }


def index_of(pod: Pod) -> int:
    """Which part of an Indexed Job a pod does."""
    return int(pod.metadata.annotations[INDEX])


async def ended(stage: Stage, condition: str, reason: str = "") -> Plain:
    """Wait until the Job has ended so; answer its status."""

    async def holds() -> bool:
        found = await stage.condition("jobs", "w", condition)
        return found.get("status") == "True" and reason in ("", found.get("reason"))

    await stage.until(f"{condition} {reason}", holds)
    status: Plain = (await stage.get("jobs", "w"))["status"]
    return status


@pytest.mark.conformance(
    "[sig-apps] Job should run a job to completion when tasks sometimes fail and are locally "
    "restarted"
)
def test_it_runs_to_completion() -> None:
    async def story(stage: Stage) -> None:
        # Containers that fail are started again by the kubelet; the pod itself does not fail.
        tries: dict[str, int] = {}

        def succeeds_later(pod: Pod) -> int | None:
            tries[pod.metadata.name] = tries.get(pod.metadata.name, 0) + 1
            return 0 if tries[pod.metadata.name] > 3 else None

        stage.kubelet.exit_code = succeeds_later
        await stage.create("jobs", job("OnFailure", parallelism=2, completions=4))
        status = await ended(stage, "Complete")
        assert status["succeeded"] == 4
        phases = [pod["status"]["phase"] for pod in await stage.pods("app=w")]
        assert phases == ["Succeeded"] * 4

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Job should create pods for an Indexed job with completion indexes and specified "
    "hostname"
)
def test_indexes_are_told_to_the_pods() -> None:
    async def story(stage: Stage) -> None:
        stage.kubelet.exit_code = lambda _: 0
        await stage.create("jobs", job(completions=4, parallelism=2, completionMode="Indexed"))
        assert (await ended(stage, "Complete"))["completedIndexes"] == "0-3"
        pods = await stage.pods("app=w")
        assert sorted(pod["spec"]["hostname"] for pod in pods) == ["w-0", "w-1", "w-2", "w-3"]
        for pod in pods:
            (told,) = pod["spec"]["containers"][0]["env"]
            assert told["name"] == "JOB_COMPLETION_INDEX"
            assert pod["metadata"]["labels"][INDEX] == pod["metadata"]["annotations"][INDEX]

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Job should adopt matching orphans and release non-matching pods"
)
def test_pods_are_adopted_and_released() -> None:
    async def story(stage: Stage) -> None:
        made = await stage.create("jobs", job(parallelism=2))

        async def two() -> bool:
            return len(await stage.names("app=w")) == 2

        await stage.until("two pods", two)
        name = (await stage.names("app=w"))[0]

        async def owned(*, wanted: bool) -> bool:
            references = (await stage.get("pods", name))["metadata"].get("ownerReferences", [])
            return [each["uid"] == made["metadata"]["uid"] for each in references] == [
                True
            ] * wanted

        await stage.patch("pods", name, {"metadata": {"ownerReferences": None}})
        await stage.until("the orphan is adopted again", lambda: owned(wanted=True))
        free = {"labels": dict.fromkeys(await labels_of(stage, name))}
        await stage.patch("pods", name, {"metadata": free})
        await stage.until("it is released", lambda: owned(wanted=False))

    play(story)


async def labels_of(stage: Stage, name: str) -> Plain:
    found: Plain = (await stage.get("pods", name))["metadata"]["labels"]
    return found


@pytest.mark.conformance(
    "[sig-apps] Job should allow to use the pod failure policy on exit code to fail the job early"
)
def test_an_exit_code_may_end_it_at_once() -> None:
    async def story(stage: Stage) -> None:
        stage.kubelet.exit_code = lambda _: 42
        rule = {"action": "FailJob", "onExitCodes": {"operator": "In", "values": [42]}}
        await stage.create("jobs", job(backoffLimit=6, podFailurePolicy={"rules": [rule]}))
        assert (await ended(stage, "Failed", "PodFailurePolicy"))["failed"] == 1

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Job should allow to use a pod failure policy to ignore failure matching on "
    "DisruptionTarget condition"
)
def test_an_eviction_need_not_count_as_a_failure() -> None:
    async def story(stage: Stage) -> None:
        disrupted = {"type": "DisruptionTarget", "status": "True"}
        rule = {"action": "Ignore", "onPodConditions": [disrupted]}
        await stage.create("jobs", job(backoffLimit=0, podFailurePolicy={"rules": [rule]}))

        async def runs() -> bool:
            return [pod["status"].get("phase") for pod in await stage.pods("app=w")] == ["Running"]

        await stage.until("one runs", runs)
        (first,) = await stage.names("app=w")
        # What a kubelet says of a pod that is evicted: it has failed, and why.
        change = {"status": {"phase": "Failed", "conditions": [disrupted]}}
        await stage.patch("pods", first, change, "status")

        async def another() -> bool:
            names = [each for each in await stage.names("app=w") if each != first]
            return len(names) == 1

        await stage.until("another one is made", another)
        stage.kubelet.exit_code = lambda _: 0
        status = await ended(stage, "Complete")
        assert (status["succeeded"], status.get("failed", 0)) == (1, 0)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Job should execute all indexes despite some failing when using "
    "backoffLimitPerIndex",
    "[sig-apps] Job should terminate job execution when the number of failed indexes exceeds "
    "maxFailedIndexes",
    "[sig-apps] Job should mark indexes as failed when the FailIndex action is matched in "
    "podFailurePolicy",
)
@pytest.mark.parametrize(
    ("spec", "reason", "failed"),
    [
        pytest.param({"backoffLimitPerIndex": 1}, "FailedIndexes", "0,2", id="all are tried"),
        pytest.param(
            {"backoffLimitPerIndex": 0, "maxFailedIndexes": 0, "parallelism": 1},
            "MaxFailedIndexesExceeded",
            "0",
            id="until too many have failed",
        ),
        pytest.param(
            {
                "backoffLimitPerIndex": 6,
                "podFailurePolicy": {
                    "rules": [
                        {"action": "FailIndex", "onExitCodes": {"operator": "In", "values": [42]}}
                    ]
                },
            },
            "FailedIndexes",
            "0,2",
            id="a policy fails an index",
        ),
    ],
)
def test_indexes_that_fail(spec: Plain, reason: str, failed: str) -> None:
    async def story(stage: Stage) -> None:
        stage.kubelet.exit_code = lambda pod: 42 if index_of(pod) % 2 == 0 else 0
        wanted = {"completions": 4, "parallelism": 2, "completionMode": "Indexed", **spec}
        await stage.create("jobs", job(**wanted))
        status = await ended(stage, "Failed", reason)
        assert status["failedIndexes"] == failed
        if reason == "FailedIndexes":
            assert status["completedIndexes"] == "1,3"
        retried = spec["backoffLimitPerIndex"] == 1
        assert status["failed"] == len(failed.split(",")) * (2 if retried else 1)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Job with successPolicy should succeeded when all indexes succeeded",
    "[sig-apps] Job with successPolicy succeededCount rule should succeeded even when some indexes "
    "remain pending",
    "[sig-apps] Job with successPolicy succeededIndexes rule should succeeded even when some "
    "indexes remain pending",
)
@pytest.mark.parametrize(
    ("rule", "succeeding", "done"),
    [
        pytest.param({"succeededCount": 1}, {0}, "0", id="so many"),
        pytest.param({"succeededIndexes": "0"}, {0}, "0", id="these"),
        pytest.param({"succeededCount": 2}, {0, 1}, "0,1", id="all"),
    ],
)
def test_success_may_come_early(rule: Plain, succeeding: set[int], done: str) -> None:
    async def story(stage: Stage) -> None:
        stage.kubelet.exit_code = lambda pod: 0 if index_of(pod) in succeeding else None
        await stage.create(
            "jobs",
            job(
                completions=2,
                parallelism=2,
                completionMode="Indexed",
                successPolicy={"rules": [rule]},
            ),
        )
        assert (await ended(stage, "Complete"))["completedIndexes"] == done
        criteria = await stage.condition("jobs", "w", "SuccessCriteriaMet")
        assert criteria["status"] == "True"

    play(story)


def cron_job(**spec: Any) -> Plain:
    """One that starts each minute a Job that runs on."""
    return {
        "metadata": {"name": "w"},
        "spec": {"schedule": "*/1 * * * *", "jobTemplate": {"spec": job()["spec"]}, **spec},
    }


@pytest.mark.parametrize(
    ("spec", "active", "made"),
    [
        pytest.param({"suspend": True}, 0, 0, id="suspended"),
        pytest.param({"concurrencyPolicy": "Forbid"}, 1, 1, id="one at a time"),
        pytest.param({"concurrencyPolicy": "Replace"}, 1, 3, id="the newest"),
        pytest.param({"concurrencyPolicy": "Allow"}, 3, 3, id="all"),
    ],
)
@pytest.mark.conformance(
    "[sig-apps] CronJob should not schedule jobs when suspended [Slow]",
    "[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow]",
    "[sig-apps] CronJob should replace jobs when ReplaceConcurrent",
    "[sig-apps] CronJob should schedule multiple jobs concurrently",
)
def test_jobs_side_by_side(spec: Plain, active: int, made: int) -> None:
    async def story(stage: Stage) -> None:
        await stage.create("cronjobs", cron_job(**spec))
        seen: set[str] = set()
        for _ in range(3 * 60):
            await asyncio.sleep(1.0)
            seen |= {each["metadata"]["name"] for each in await stage.list("jobs")}
        status = (await stage.get("cronjobs", "w")).get("status", {})
        assert len(status.get("active", [])) == active
        assert len(seen) == made
        assert len(await stage.list("jobs")) == active

    play(story)
