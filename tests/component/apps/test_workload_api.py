"""What every kind of workload lets its users do: status, scale, collections, a whole life."""

import asyncio
from typing import Any

import pytest

from tests.component.apps.stage import Plain, Stage, play, template, workload


def manifest(plural: str, name: str = "w") -> Plain:
    """A small one of each."""
    found = workload(name)
    match plural:
        case "replicationcontrollers":
            found["spec"]["selector"] = {"app": name}
        case "statefulsets":
            found["spec"]["serviceName"] = name
        case "jobs":
            found["spec"] = {"template": template(name, restartPolicy="Never")}
        case "cronjobs":
            job = {"spec": {"template": template(name, restartPolicy="Never")}}
            found["spec"] = {"schedule": "0 0 1 1 *", "jobTemplate": job}
        case "poddisruptionbudgets":
            found["spec"] = {"selector": {"matchLabels": {"app": name}}, "minAvailable": 1}
        case "controllerrevisions":
            found = {"metadata": found["metadata"], "revision": 1, "data": {"a": 1}}
    return found


@pytest.mark.parametrize(
    "plural",
    ["daemonsets", "deployments", "jobs", "poddisruptionbudgets", "replicasets", "statefulsets"],
)
@pytest.mark.conformance(
    "[sig-apps] Daemon set [Serial] should verify changes to a daemon set status",
    "[sig-apps] Deployment should validate Deployment Status endpoints",
    "[sig-apps] DisruptionController should update/patch PodDisruptionBudget status",
    "[sig-apps] Job should apply changes to a job status",
    "[sig-apps] ReplicaSet should validate Replicaset Status endpoints",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate "
    "Statefulset Status endpoints",
)
def test_status_is_an_address_of_its_own(plural: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(plural, manifest(plural))
        told: dict[str, Any] = {
            "type": "StatusUpdate",
            "status": "True",
            "reason": "E2E",
            "message": "Set by a test",
            "lastTransitionTime": "2030-01-01T00:00:00Z",
        }

        async def settled() -> bool:
            found = await stage.get(plural, "w", "status")
            return bool(found["status"]) or plural == "poddisruptionbudgets"

        await stage.until("a status", settled)
        await asyncio.sleep(5.0)  # Whoever else writes the status has done so by now.
        found = await stage.get(plural, "w", "status")
        generation = found["metadata"]["generation"]
        conditions = [*found["status"].get("conditions", []), told]
        change = {"status": {"conditions": conditions}, "spec": {"paused": True}}
        answer = await stage.patch(plural, "w", change, "status")
        assert answer["metadata"]["generation"] == generation, "a status changes no spec"
        assert (await stage.condition(plural, "w", "StatusUpdate"))["reason"] == "E2E"
        await asyncio.sleep(5.0)
        found = await stage.get(plural, "w", "status")
        found["status"]["conditions"] = [
            {**each, "message": "Set again"} if each["type"] == "StatusUpdate" else each
            for each in found["status"]["conditions"]
        ]
        await stage.update(plural, found, "status")
        assert (await stage.condition(plural, "w", "StatusUpdate"))["message"] == "Set again"

    play(story)


@pytest.mark.parametrize(
    "plural", ["deployments", "replicasets", "replicationcontrollers", "statefulsets"]
)
@pytest.mark.conformance(
    "[sig-apps] Deployment Deployment should have a working scale subresource",
    "[sig-apps] ReplicaSet Replicaset should have a working scale subresource",
    "[sig-apps] ReplicationController should get and update a ReplicationController scale",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should have a "
    "working scale subresource",
)
def test_scale_is_an_address_of_its_own(plural: str) -> None:
    async def story(stage: Stage) -> None:
        await stage.create(plural, manifest(plural))
        await stage.until("one pod", lambda: stage.has(plural, "w", readyReplicas=1))
        scale = await stage.get(plural, "w", "scale")
        assert (scale["kind"], scale["spec"], scale["status"]["replicas"]) == (
            "Scale",
            {"replicas": 1},
            1,
        )
        scale["spec"]["replicas"] = 2
        await stage.update(plural, scale, "scale")
        assert (await stage.get(plural, "w"))["spec"]["replicas"] == 2
        await stage.patch(plural, "w", {"spec": {"replicas": 4}}, "scale")
        await stage.until("four pods", lambda: stage.has(plural, "w", readyReplicas=4))
        assert len(await stage.names("app=w")) == 4

    play(story)


@pytest.mark.parametrize(
    "plural", ["daemonsets", "poddisruptionbudgets", "replicasets", "statefulsets"]
)
@pytest.mark.conformance(
    "[sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets",
    "[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list "
    "and delete a collection of PodDisruptionBudgets",
    "[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets",
    "[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch "
    "and delete a collection of StatefulSets",
)
def test_collections_go_at_once(plural: str) -> None:
    async def story(stage: Stage) -> None:
        for name in ("a", "b", "c"):
            made = manifest(plural, name)
            made["metadata"]["labels"]["of"] = "us" if name != "c" else "them"
            await stage.create(plural, made)
        assert len(await stage.list(plural, "of=us", everywhere=True)) == 2
        patched = await stage.patch(plural, "a", {"metadata": {"labels": {"patched": "true"}}})
        assert patched["metadata"]["labels"]["patched"] == "true"
        assert len(await stage.list(plural, "patched=true")) == 1
        await stage.delete_all(plural, "of=us")

        async def only_one() -> bool:
            return [each["metadata"]["name"] for each in await stage.list(plural)] == ["c"]

        await stage.until("those of us are gone", only_one)
        if plural != "poddisruptionbudgets":

            async def pods_too() -> bool:
                return not await stage.names("app in (a, b)")

            await stage.until("their pods are gone", pods_too)

    play(story)


@pytest.mark.parametrize(
    "plural",
    [
        "controllerrevisions",
        "cronjobs",
        "deployments",
        "jobs",
        "replicasets",
        "replicationcontrollers",
    ],
)
@pytest.mark.conformance(
    "[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision",
    "[sig-apps] CronJob should support CronJob API operations",
    "[sig-apps] Deployment should run the lifecycle of a Deployment",
    "[sig-apps] Job should delete a job",
    "[sig-apps] Job should manage the lifecycle of a job",
    "[sig-apps] ReplicaSet Replace and Patch tests",
    "[sig-apps] ReplicationController should test the lifecycle of a ReplicationController",
)
def test_a_whole_life(plural: str) -> None:
    async def story(stage: Stage) -> None:
        created = await stage.create(plural, manifest(plural))
        uid = created["metadata"]["uid"]
        await stage.patch(plural, "w", {"metadata": {"labels": {"patched": "yes"}}})
        found = await stage.get(plural, "w")
        assert found["metadata"]["labels"]["patched"] == "yes"
        found["metadata"]["labels"]["replaced"] = "yes"
        # Controllers write too; who replaces the newest wins.
        found["metadata"].pop("resourceVersion")
        replaced = await stage.update(plural, found)
        assert replaced["metadata"]["labels"]["replaced"] == "yes"
        assert replaced["metadata"]["uid"] == uid
        assert [each["metadata"]["uid"] for each in await stage.list(plural, "replaced=yes")] == [
            uid
        ]
        if plural == "jobs":
            assert (await stage.patch(plural, "w", {"spec": {"suspend": True}}))["spec"]["suspend"]
        await stage.delete(plural, "w")
        await stage.until("it is gone", lambda: stage.is_gone(plural, "w"))

        async def no_pods() -> bool:
            return not await stage.list("pods", "app=w")

        await stage.until("its pods are gone", no_pods)

    play(story)
