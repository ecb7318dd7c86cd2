"""StatefulSets as Kubernetes' conformance tests want them."""

import asyncio
from typing import Any

import pytest

from tests.component.apps.stage import Plain, Stage, image_of, play, template, workload


def stateful_set(replicas: int, **spec: Any) -> Plain:
    """One behind the Service `w`."""
    return workload("w", replicas=replicas, serviceName="w", **spec)


async def images(stage: Stage) -> dict[str, str]:
    return {pod["metadata"]["name"]: image_of(pod) for pod in await stage.pods("app=w")}


async def all_run(stage: Stage, count: int, image: str) -> bool:
    found = list((await images(stage)).values())
    return found == [image] * count and await stage.has("statefulsets", "w", readyReplicas=count)


@pytest.mark.conformance(
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform "
    "rolling updates and roll backs of template modifications"
)
def test_updates_and_rollbacks_go_from_the_last_to_the_first() -> None:
    async def story(stage: Stage) -> None:
        await stage.create("statefulsets", stateful_set(3))
        await stage.until("three run", lambda: all_run(stage, 3, "img:1"))
        first = (await stage.get("statefulsets", "w"))["status"]["currentRevision"]
        for image in ("img:2", "img:1"):
            await stage.patch("statefulsets", "w", {"spec": {"template": template("w", image)}})

            async def done(image: str = image) -> bool:
                return await all_run(stage, 3, image)

            await stage.until(f"all run {image}", done)
            pods = sorted(
                await stage.pods("app=w"), key=lambda pod: int(pod["metadata"]["resourceVersion"])
            )
            # Each was ready, which is the last that is written of it, before the next was made.
            assert [pod["metadata"]["name"] for pod in pods] == ["w-2", "w-1", "w-0"]

        async def back() -> bool:
            status = (await stage.get("statefulsets", "w"))["status"]
            return bool(status["currentRevision"] == status["updateRevision"] == first)

        await stage.until("the first revision is current again", back)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should perform "
    "canary updates and phased rolling updates of template modifications"
)
def test_a_partition_holds_the_rest_back() -> None:
    async def story(stage: Stage) -> None:
        def partition(at: int) -> Plain:
            return {"type": "RollingUpdate", "rollingUpdate": {"partition": at}}

        await stage.create("statefulsets", stateful_set(3, updateStrategy=partition(3)))
        await stage.until("three run", lambda: all_run(stage, 3, "img:1"))
        await stage.patch("statefulsets", "w", {"spec": {"template": template("w", "img:2")}})
        await asyncio.sleep(30.0)
        assert set((await images(stage)).values()) == {"img:1"}, "nothing beyond the partition"
        for at in (2, 1, 0):
            await stage.patch("statefulsets", "w", {"spec": {"updateStrategy": partition(at)}})
            wanted = {f"w-{n}": "img:2" if n >= at else "img:1" for n in range(3)}

            async def so_far(wanted: dict[str, str] = wanted) -> bool:
                ready = await stage.has("statefulsets", "w", readyReplicas=3)
                return ready and await images(stage) == wanted

            await stage.until(f"partition {at}", so_far)
            if at:
                # One that is taken away comes back at the revision that its side has.
                await stage.delete("pods", "w-0")
                await stage.delete("pods", "w-2")
                await stage.until("both are back", so_far)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Scaling should "
    "happen in predictable order and halt if any stateful pod is unhealthy [Slow]"
)
def test_scaling_halts_while_one_is_not_ready() -> None:
    async def story(stage: Stage) -> None:
        unwell = {"w-0"}
        stage.kubelet.is_ready = lambda pod: pod.metadata.name not in unwell
        await stage.create("statefulsets", stateful_set(1))
        await stage.until("the first", lambda: stage.has("statefulsets", "w", replicas=1))
        await stage.patch("statefulsets", "w", {"spec": {"replicas": 3}})
        await asyncio.sleep(30.0)
        assert await stage.names("app=w") == ["w-0"], "nobody follows one that is not ready"
        unwell.clear()
        await stage.until("three", lambda: stage.has("statefulsets", "w", readyReplicas=3))
        unwell |= {"w-0", "w-1", "w-2"}
        await stage.until("none ready", lambda: stage.has("statefulsets", "w", readyReplicas=0))
        await stage.patch("statefulsets", "w", {"spec": {"replicas": 0}})
        await asyncio.sleep(30.0)
        assert len(await stage.names("app=w")) == 3, "the first is to be mended first"
        unwell.clear()

        async def none() -> bool:
            return not await stage.names("app=w")

        await stage.until("none", none)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Burst scaling "
    "should run to completion even with unhealthy pods [Slow]"
)
def test_parallel_pods_wait_for_nobody() -> None:
    async def story(stage: Stage) -> None:
        stage.kubelet.is_ready = lambda pod: pod.metadata.name != "w-0"
        await stage.create("statefulsets", stateful_set(1, podManagementPolicy="Parallel"))
        await stage.patch("statefulsets", "w", {"spec": {"replicas": 3}})
        await stage.until("two ready", lambda: stage.has("statefulsets", "w", readyReplicas=2))
        assert await stage.names("app=w") == ["w-0", "w-1", "w-2"]
        await stage.patch("statefulsets", "w", {"spec": {"replicas": 0}})

        async def none() -> bool:
            return not await stage.names("app=w")

        await stage.until("none", none)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] Should recreate "
    "evicted statefulset"
)
def test_a_pod_that_failed_comes_back_under_its_name() -> None:
    async def story(stage: Stage) -> None:
        await stage.create("statefulsets", stateful_set(1))
        await stage.until("one runs", lambda: all_run(stage, 1, "img:1"))
        uid = (await stage.get("pods", "w-0"))["metadata"]["uid"]
        failed = {"status": {"phase": "Failed", "reason": "Evicted"}}
        await stage.patch("pods", "w-0", failed, "status")

        async def again() -> bool:
            found = await stage.list("pods", "app=w")
            return [each["metadata"]["uid"] != uid for each in found] == [True] and await all_run(
                stage, 1, "img:1"
            )

        await stage.until("another runs in its place", again)

    play(story)
