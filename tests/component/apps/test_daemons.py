"""DaemonSets and disruption budgets as Kubernetes' conformance tests want them."""

import pytest

from tests.component.apps.stage import Stage, image_of, play, template, workload


async def on_nodes(stage: Stage, *names: str) -> bool:
    pods = await stage.pods("app=w")
    return sorted(pod["spec"].get("nodeName", "") for pod in pods) == sorted(names)


ALL = ("node-0", "node-1", "node-2")


@pytest.mark.conformance(
    "[sig-apps] Daemon set [Serial] should run and stop simple daemon",
    "[sig-apps] Daemon set [Serial] should retry creating failed daemon pods",
)
def test_every_node_has_one_again_and_again() -> None:
    async def story(stage: Stage) -> None:
        await stage.create("daemonsets", workload("w"))
        await stage.until("one on each", lambda: on_nodes(stage, *ALL))
        first = (await stage.pods("app=w"))[0]["metadata"]["name"]
        await stage.delete("pods", first)

        async def replaced() -> bool:
            return first not in await stage.names("app=w") and await on_nodes(stage, *ALL)

        await stage.until("the one that was stopped is back", replaced)
        failed = (await stage.names("app=w"))[0]
        await stage.patch("pods", failed, {"status": {"phase": "Failed"}}, "status")

        async def revived() -> bool:
            return failed not in await stage.names("app=w") and await on_nodes(stage, *ALL)

        await stage.until("the one that failed is replaced", revived)

    play(story)


@pytest.mark.conformance("[sig-apps] Daemon set [Serial] should run and stop complex daemon")
def test_nodes_are_chosen_by_their_labels() -> None:
    async def story(stage: Stage) -> None:
        made = workload("w")
        made["spec"]["template"] = template("w", nodeSelector={"color": "blue"})
        await stage.create("daemonsets", made)
        await stage.until("status", lambda: stage.has("daemonsets", "w", desiredNumberScheduled=0))
        assert await stage.names("app=w") == []
        await stage.patch("nodes", "node-1", {"metadata": {"labels": {"color": "blue"}}})
        await stage.until("one on the blue node", lambda: on_nodes(stage, "node-1"))
        await stage.patch("nodes", "node-1", {"metadata": {"labels": {"color": "green"}}})
        await stage.until("none on the green node", lambda: on_nodes(stage))
        change = {
            "spec": {
                "template": template("w", nodeSelector={"color": "green"}),
                "updateStrategy": {"type": "RollingUpdate"},
            }
        }
        await stage.patch("daemonsets", "w", change)
        await stage.until("one where it is to be now", lambda: on_nodes(stage, "node-1"))

    play(story)


@pytest.mark.conformance(
    "[sig-apps] Daemon set [Serial] should update pod when spec was updated and update strategy is "
    "RollingUpdate",
    "[sig-apps] Daemon set [Serial] should rollback without unnecessary restarts",
)
def test_a_rollout_is_taken_back_and_what_was_not_reached_runs_on() -> None:
    async def story(stage: Stage) -> None:
        await stage.create("daemonsets", workload("w"))
        await stage.until("one on each", lambda: on_nodes(stage, *ALL))
        await stage.patch("daemonsets", "w", {"spec": {"template": template("w", "img:2")}})

        async def all_run(image: str) -> bool:
            images = [image_of(pod) for pod in await stage.pods("app=w")]
            return images == [image] * 3 and await stage.has("daemonsets", "w", numberAvailable=3)

        await stage.until("all are updated", lambda: all_run("img:2"))
        before = set(await stage.names("app=w"))
        stage.kubelet.is_ready = lambda pod: pod.spec.containers[0].image != "bad"
        await stage.patch("daemonsets", "w", {"spec": {"template": template("w", "bad")}})

        async def one_is_bad() -> bool:
            return "bad" in [image_of(pod) for pod in await stage.pods("app=w")]

        await stage.until("the bad one has begun", one_is_bad)
        spared = before & set(await stage.names("app=w"))
        assert len(spared) == 2
        await stage.patch("daemonsets", "w", {"spec": {"template": template("w", "img:2")}})
        await stage.until("all are as before", lambda: all_run("img:2"))
        assert spared <= set(await stage.names("app=w")), "nobody else was restarted"

    play(story)


@pytest.mark.conformance(
    "[sig-apps] DisruptionController should create a PodDisruptionBudget",
    "[sig-apps] DisruptionController should observe PodDisruptionBudget status updated",
    "[sig-apps] DisruptionController should block an eviction until the PDB is updated to allow it",
)
def test_a_budget_blocks_evictions_until_it_allows_them() -> None:
    async def story(stage: Stage) -> None:
        await stage.create("replicasets", workload("w", replicas=3))
        await stage.until("three pods", lambda: stage.has("replicasets", "w", readyReplicas=3))
        budget = {
            "metadata": {"name": "w"},
            "spec": {"selector": {"matchLabels": {"app": "w"}}, "minAvailable": 3},
        }
        await stage.create("poddisruptionbudgets", budget)

        async def counted(allowed: int) -> bool:
            return await stage.has(
                "poddisruptionbudgets",
                "w",
                currentHealthy=3,
                expectedPods=3,
                disruptionsAllowed=allowed,
            )

        await stage.until("it is counted", lambda: counted(0))
        victim = (await stage.names("app=w"))[0]
        assert not await stage.evict(victim)
        assert victim in await stage.names("app=w")
        await stage.patch("poddisruptionbudgets", "w", {"spec": {"minAvailable": 2}})
        await stage.until("it allows one", lambda: counted(1))
        assert await stage.evict(victim)
        await stage.delete("poddisruptionbudgets", "w")
        assert await stage.evict((await stage.names("app=w"))[0]), "without a budget all may go"

    play(story)
