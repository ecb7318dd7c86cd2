"""Containers that say themselves when they start again, alone or with the whole pod."""

import pytest

from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import is_over, pod, printed, run_in, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_rule_starts_one_container_again(world: World) -> None:
    await world.client.create(
        pod(
            """
metadata: {name: rules}
spec:
  restartPolicy: Never
  volumes: [{name: v, emptyDir: {}}]
  containers:
  - name: main
    image: busybox:1.28
    command: [sh, -c, "[ -e /v/once ] && exit 3; touch /v/once; exit 42"]
    restartPolicy: Never
    restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}]
    volumeMounts: [{name: v, mountPath: /v}]
"""
        )
    )
    over = await until(world.client, "rules", is_over)
    (main,) = over.status.container_statuses
    assert (over.status.phase, main.restart_count) == ("Failed", 1)
    assert main.state.terminated is not None
    assert main.state.terminated.exit_code == 3
    assert main.last_state.terminated is not None
    assert main.last_state.terminated.exit_code == 42


async def test_a_rule_starts_the_whole_pod_again(world: World) -> None:
    await world.client.create(
        pod(
            """
metadata: {name: all-again}
spec:
  restartPolicy: Never
  volumes: [{name: v, emptyDir: {}}]
  initContainers:
  - name: first
    image: busybox:1.28
    command: [sh, -c, "echo ran >> /v/first"]
    volumeMounts: [{name: v, mountPath: /v}]
  - {name: side, image: busybox:1.28, command: [sleep, "600"], restartPolicy: Always}
  containers:
  - {name: other, image: busybox:1.28, command: [sh, -c, "cat /v/first; exec sleep 600"],
     volumeMounts: [{name: v, mountPath: /v}]}
  - name: main
    image: busybox:1.28
    command: [sh, -c, "[ -e /v/once ] && exec sleep 600; touch /v/once; exit 88"]
    restartPolicy: Never
    restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: [88]}}]
    volumeMounts: [{name: v, mountPath: /v}]
"""
        )
    )
    again = await until(
        world.client,
        "all-again",
        lambda one: (
            {each.restart_count for each in one.status.container_statuses} == {1}
            and all(each.ready for each in one.status.container_statuses)
        ),
    )
    assert {one.restart_count for one in again.status.init_container_statuses} == {1}
    assert again.status.phase == "Running"
    assert "AllContainersRestarting" not in {one.type for one in again.status.conditions}
    told = await run_in(world.kubelet, again, "cat", "/v/first")
    assert told == "ran\nran\n", "its volumes are still there"
    (old,) = [one for one in again.status.container_statuses if one.name == "other"]
    assert old.last_state.terminated is not None
    assert old.last_state.terminated.exit_code == 137, "the others were ended at once"
    assert "ran" in await printed(world.kubelet, again, "other")
