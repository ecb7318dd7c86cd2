"""Deployments, ReplicaSets and their like as Kubernetes' conformance tests want them."""

import asyncio

import pytest

from tests.component.apps.stage import Plain, Stage, image_of, play, template, workload

DEPLOYMENT = "[sig-apps] Deployment"
REPLICA_SET = "[sig-apps] ReplicaSet"
CONTROLLER = "[sig-apps] ReplicationController"


async def rolled(stage: Stage, count: int, image: str) -> None:
    """Wait until a Deployment has its pods and no others."""

    async def holds() -> bool:
        pods = await stage.list("pods", "app=w")
        done = await stage.has("deployments", "w", updatedReplicas=count, readyReplicas=count)
        return done and [image_of(pod) for pod in pods] == [image] * count

    await stage.until(f"{count} pods of {image}", holds)


async def change_image(stage: Stage, plural: str, image: str) -> None:
    await stage.patch(plural, "w", {"spec": {"template": template("w", image)}})


@pytest.mark.conformance(
    "[sig-apps] Deployment RecreateDeployment should delete old pods and create new ones"
)
def test_recreate_never_runs_old_and_new_side_by_side() -> None:
    async def story(stage: Stage) -> None:
        made = workload("w", replicas=2, strategy={"type": "Recreate"})
        await stage.create("deployments", made)
        await rolled(stage, 2, "img:1")
        await change_image(stage, "deployments", "img:2")
        seen = set()

        async def done() -> bool:
            images = {image_of(pod) for pod in await stage.list("pods", "app=w")}
            seen.add(frozenset(images))
            return await stage.has("deployments", "w", updatedReplicas=2, readyReplicas=2)

        await stage.until("the new pods", done)
        assert frozenset({"img:1", "img:2"}) not in seen
        await rolled(stage, 2, "img:2")

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Deployment RollingUpdateDeployment should delete old pods and create new ones"
)
def test_a_deployment_takes_over_a_replica_set_and_rolls_it() -> None:
    async def story(stage: Stage) -> None:
        old = workload("w", replicas=1)
        old["metadata"] = {
            "name": "old",
            "labels": {"app": "w"},
            "annotations": {"deployment.kubernetes.io/revision": "3546343826724305832"},
        }
        await stage.create("replicasets", old)
        await stage.until("a pod", lambda: stage.has("replicasets", "old", readyReplicas=1))
        await stage.create("deployments", workload("w", "img:2"))
        await rolled(stage, 1, "img:2")
        made = await stage.get("deployments", "w")
        revision = made["metadata"]["annotations"]["deployment.kubernetes.io/revision"]
        assert revision == "3546343826724305833"
        sizes = {
            each["metadata"]["name"]: each["spec"]["replicas"]
            for each in await stage.list("replicasets", "app=w")
        }
        assert sizes.pop("old") == 0
        assert list(sizes.values()) == [1]

    play(story)


@pytest.mark.conformance("[sig-apps] Deployment deployment should delete old replica sets")
def test_old_replica_sets_go() -> None:
    async def story(stage: Stage) -> None:
        await stage.create("deployments", workload("w", replicas=1, revisionHistoryLimit=0))
        await rolled(stage, 1, "img:1")
        await change_image(stage, "deployments", "img:2")
        await rolled(stage, 1, "img:2")

        async def one_left() -> bool:
            return len(await stage.list("replicasets", "app=w")) == 1

        await stage.until("the old one is gone", one_left)

    play(story)


@pytest.mark.conformance("[sig-apps] Deployment deployment should support rollover")
def test_a_rollout_that_does_not_succeed_is_rolled_over() -> None:
    async def story(stage: Stage) -> None:
        bounds = {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}
        await stage.create("deployments", workload("w", replicas=2, strategy=bounds))
        await rolled(stage, 2, "img:1")
        stage.kubelet.is_ready = lambda pod: pod.spec.containers[0].image != "bad"
        await change_image(stage, "deployments", "bad")
        await asyncio.sleep(30.0)
        images = sorted(image_of(pod) for pod in await stage.pods("app=w"))
        assert images == ["bad", "img:1", "img:1"]
        await change_image(stage, "deployments", "img:2")
        await rolled(stage, 2, "img:2")

    play(story)


@pytest.mark.conformance("[sig-apps] Deployment deployment should support proportional scaling")
def test_a_rollout_in_the_middle_is_scaled_in_proportion() -> None:
    async def story(stage: Stage) -> None:
        bounds = {"rollingUpdate": {"maxSurge": 3, "maxUnavailable": 2}}
        await stage.create("deployments", workload("w", replicas=10, strategy=bounds))
        await rolled(stage, 10, "img:1")
        stage.kubelet.is_ready = lambda pod: pod.spec.containers[0].image != "bad"
        await change_image(stage, "deployments", "bad")

        async def sizes(*wanted: int) -> bool:
            found = await stage.list("replicasets", "app=w")
            return sorted(each["spec"]["replicas"] for each in found) == sorted(wanted)

        await stage.until("8 old, 5 new", lambda: sizes(8, 5))
        await stage.patch("deployments", "w", {"spec": {"replicas": 30}}, "scale")
        await stage.until("20 old, 13 new", lambda: sizes(20, 13))

    play(story)


def controller(replicas: int) -> Plain:
    """A ReplicationController."""
    found = workload("w", replicas=replicas)
    found["spec"]["selector"] = {"app": "w"}
    return found


@pytest.mark.parametrize("plural", ["replicasets", "replicationcontrollers"])
@pytest.mark.conformance(
    "[sig-apps] ReplicaSet should serve a basic image on each replica with a public image",
    "[sig-apps] ReplicationController should serve a basic image on each replica with a public "
    "image",
)
def test_each_replica_runs(plural: str) -> None:
    async def story(stage: Stage) -> None:
        made = workload("w", replicas=3) if plural == "replicasets" else controller(3)
        await stage.create(plural, made)
        await stage.until("three pods", lambda: stage.has(plural, "w", readyReplicas=3))
        pods = await stage.pods("app=w")
        assert len({pod["metadata"]["name"] for pod in pods}) == 3
        assert {pod["status"]["phase"] for pod in pods} == {"Running"}
        assert {pod["metadata"]["ownerReferences"][0]["name"] for pod in pods} == {"w"}

    play(story)


@pytest.mark.parametrize("plural", ["replicasets", "replicationcontrollers"])
@pytest.mark.conformance(
    "[sig-apps] ReplicaSet should adopt matching pods on creation and release no longer matching "
    "pods",
    "[sig-apps] ReplicationController should adopt matching pods on creation",
    "[sig-apps] ReplicationController should release no longer matching pods",
)
def test_pods_are_adopted_and_released(plural: str) -> None:
    async def story(stage: Stage) -> None:
        orphan = template("w")
        orphan["metadata"]["name"] = "orphan"
        await stage.create("pods", orphan)
        made = workload("w", replicas=1) if plural == "replicasets" else controller(1)
        owner = await stage.create(plural, made)

        async def owned() -> bool:
            pod = await stage.get("pods", "orphan")
            references = pod["metadata"].get("ownerReferences", [])
            return [each["uid"] for each in references] == [owner["metadata"]["uid"]]

        await stage.until("the orphan is adopted", owned)
        assert await stage.names("app=w") == ["orphan"]
        await stage.patch("pods", "orphan", {"metadata": {"labels": {"app": "free"}}})

        async def released() -> bool:
            pod = await stage.get("pods", "orphan")
            return "ownerReferences" not in pod["metadata"] and len(await stage.names("app=w")) == 1

        await stage.until("it is released and replaced", released)

    play(story)


@pytest.mark.conformance(
    "[sig-apps] ReplicationController should surface a failure condition on a common issue like "
    "exceeded quota"
)
def test_a_quota_in_the_way_is_told() -> None:
    async def story(stage: Stage) -> None:
        quota = {"metadata": {"name": "few"}, "spec": {"hard": {"pods": "2"}}}
        await stage.create("resourcequotas", quota)

        async def counted() -> bool:
            found = await stage.get("resourcequotas", "few")
            return bool(found.get("status", {}).get("hard"))

        await stage.until("the quota is counted", counted)
        await stage.create("replicationcontrollers", controller(3))

        async def failure(reason: str) -> bool:
            found = await stage.condition("replicationcontrollers", "w", "ReplicaFailure")
            return str(found.get("reason", "")) == reason

        await stage.until("the failure is told", lambda: failure("FailedCreate"))
        await stage.patch("replicationcontrollers", "w", {"spec": {"replicas": 2}})
        await stage.until("it is told no longer", lambda: failure(""))

    play(story)
