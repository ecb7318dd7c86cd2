"""From start to end: init containers, hooks, ends and what they leave, logs, hosts."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from knarr.api.core.container import EphemeralContainer
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import (
    WAIT_S,
    events,
    get,
    gone,
    is_over,
    is_ready,
    main_pod,
    output,
    pod,
    printed,
    run_in,
    says,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def state_of(one: Pod, container: str = "main") -> tuple[int, str, str]:
    """How a container ended: code, reason, message."""
    statuses = (*one.status.init_container_statuses, *one.status.container_statuses)
    (status,) = [each for each in statuses if each.name == container]
    ended = status.state.terminated or status.last_state.terminated
    assert ended is not None, status
    return ended.exit_code, ended.reason, ended.message


@pytest.mark.conformance(
    "[sig-node] Container Runtime blackbox test on terminated container should report termination "
    "message as empty when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set "
    "[NodeConformance]",
    "[sig-node] Container Runtime blackbox test on terminated container should report termination "
    "message from file when pod succeeds and TerminationMessagePolicy FallbackToLogsOnError is set "
    "[NodeConformance]",
    "[sig-node] Container Runtime blackbox test on terminated container should report termination "
    "message from log output if TerminationMessagePolicy FallbackToLogsOnError is set "
    "[NodeConformance]",
    "[sig-node] Container Runtime blackbox test on terminated container should report termination "
    "message if TerminationMessagePath is set as non-root user and at a non-default path "
    "[NodeConformance]",
)
async def test_a_container_leaves_a_message(world: World) -> None:
    await world.client.create(
        pod(
            """
metadata: {name: messages}
spec:
  restartPolicy: Never
  containers:
  - name: silent
    image: busybox:1.28
    command: [sh, -c, echo DONE]
    terminationMessagePolicy: FallbackToLogsOnError
  - name: file
    image: busybox:1.28
    command: [sh, -c, echo -n OK > /dev/termination-log]
    terminationMessagePolicy: FallbackToLogsOnError
  - name: log
    image: busybox:1.28
    command: [sh, -c, echo -n DONE; exit 1]
    terminationMessagePolicy: FallbackToLogsOnError
  - name: path
    image: busybox:1.28
    command: [sh, -c, echo -n DONE > /dev/termination-custom-log]
    terminationMessagePath: /dev/termination-custom-log
    securityContext: {runAsUser: 1000}
"""
        )
    )
    over = await until(world.client, "messages", is_over)
    assert over.status.phase == "Failed"
    assert state_of(over, "silent") == (0, "Completed", "")
    assert state_of(over, "file") == (0, "Completed", "OK")
    assert state_of(over, "log") == (1, "Error", "DONE")
    assert state_of(over, "path") == (0, "Completed", "DONE")


@pytest.mark.conformance(
    "[sig-node] Container Runtime blackbox test when starting a container that exits should run "
    "with the expected status [NodeConformance]"
)
@pytest.mark.parametrize(
    ("policy", "phase", "restarts"),
    [
        pytest.param("Always", "Running", 1, id="always"),
        pytest.param("OnFailure", "Succeeded", 1, id="on failure"),
        pytest.param("Never", "Failed", 0, id="never"),
    ],
)
async def test_how_it_ends_depends_on_the_restart_policy(
    world: World, policy: str, phase: str, restarts: int
) -> None:
    name = f"ends-{policy.lower()}"
    script = "f=/v/once; [ -e $f ] && exit 0; touch $f; exit 1"
    more = f"{{volumes: [{{name: v, emptyDir: {{}}}}], restartPolicy: {policy}}}"
    mount = "volumeMounts: [{name: v, mountPath: /v}]"
    await world.client.create(main_pod(name, script, mount, more))

    def is_so(one: Pod) -> bool:
        counts = [status.restart_count for status in one.status.container_statuses]
        return one.status.phase == phase and bool(counts) and counts[0] >= restarts

    done = await until(world.client, name, is_so)
    assert (done.status.container_statuses[0].restart_count == 0) == (policy == "Never")
    now = DeleteOptions(grace_period_seconds=0)
    await world.client.delete(Pod, Key("default", name), now)


INIT = """
metadata: {{name: {name}}}
spec:
  restartPolicy: {policy}
  initContainers:
  - {{name: one, image: "busybox:1.28", command: [sh, -c, "echo one >> /v/order; {first}"], volumeMounts: [{{name: v, mountPath: /v}}]}}
  - {{name: two, image: "busybox:1.28", command: [sh, -c, echo two >> /v/order], volumeMounts: [{{name: v, mountPath: /v}}]}}
  containers:
  - {{name: main, image: "busybox:1.28", command: [sh, -c, "cat /v/order; {last}"], volumeMounts: [{{name: v, mountPath: /v}}]}}
  volumes: [{{name: v, emptyDir: {{}}}}]
"""  # noqa: E501


@pytest.mark.conformance(
    "[sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartAlways "
    "pod",
    "[sig-node] InitContainer [NodeConformance] should invoke init containers on a RestartNever "
    "pod",
)
async def test_init_containers_come_first_one_after_the_other(world: World) -> None:
    never = pod(INIT.format(name="init-never", policy="Never", first="true", last="true"))
    assert await output(world.client, world.kubelet, never) == "one\ntwo\n"
    always = INIT.format(name="init-always", policy="Always", first="true", last="sleep 600")
    await world.client.create(pod(always))
    running = await until(world.client, "init-always", is_ready)
    assert [state_of(running, name)[0] for name in ("one", "two")] == [0, 0]
    initialized = [one for one in running.status.conditions if one.type == "Initialized"]
    assert initialized[0].status == "True"


@pytest.mark.conformance(
    "[sig-node] InitContainer [NodeConformance] should not start app containers and fail the pod "
    "if init containers fail on a RestartNever pod",
    "[sig-node] InitContainer [NodeConformance] should not start app containers if init containers "
    "fail on a RestartAlways pod",
)
async def test_a_failed_init_container_holds_up_the_rest(world: World) -> None:
    for policy in ("Never", "Always"):
        name = f"init-fails-{policy.lower()}"
        await world.client.create(
            pod(INIT.format(name=name, policy=policy, first="false", last="true"))
        )
    failed = await until(world.client, "init-fails-never", is_over)
    assert failed.status.phase == "Failed"

    def tried_again(one: Pod) -> bool:
        statuses = one.status.init_container_statuses
        return bool(statuses) and statuses[0].restart_count >= 1

    waits = await until(world.client, "init-fails-always", tried_again)
    assert waits.status.phase == "Pending"
    for one in (failed, waits):
        assert one.status.container_statuses[0].state.waiting is not None
        assert one.status.init_container_statuses[1].state.waiting is not None
        (initialized,) = [c for c in one.status.conditions if c.type == "Initialized"]
        assert initialized.reason == "ContainersNotInitialized"


@pytest.mark.conformance(
    "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute "
    "poststart exec hook properly [NodeConformance]",
    "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute "
    "poststart http hook properly [NodeConformance]",
    "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute "
    "prestop exec hook properly [NodeConformance]",
    "[sig-node] Container Lifecycle Hook when create a pod with lifecycle hook should execute "
    "prestop http hook properly [NodeConformance]",
    "[sig-node] PreStop should call prestop when killing a pod",
)
async def test_hooks_are_run(world: World, tmp_path: Path) -> None:
    asked: list[str] = []

    async def note(request: web.Request) -> web.Response:
        asked.append(f"{request.path} {request.headers.get('X-From', '')}")
        return web.Response()

    app = web.Application()
    app.router.add_get("/{tail:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]

    def http(path: str) -> str:
        headers = "httpHeaders: [{name: X-From, value: hook}]"
        return f"{{httpGet: {{host: 127.0.0.1, port: {port}, path: {path}, {headers}}}}}"

    execs = """
volumeMounts: [{name: v, mountPath: /v}]
lifecycle:
  postStart: {exec: {command: [sh, -c, echo started > /v/post]}}
  preStop: {exec: {command: [sh, -c, echo stopping > /v/pre]}}
"""
    https = f"lifecycle: {{postStart: {http('/post')}, preStop: {http('/pre')}}}"
    volume = f"{{volumes: [{{name: v, hostPath: {{path: {tmp_path}}}}}]}}"
    try:
        await world.client.create(main_pod("hook-exec", "sleep 600", execs, volume))
        await world.client.create(main_pod("hook-http", "sleep 600", https))
        for name in ("hook-exec", "hook-http"):
            await until(world.client, name, is_ready)
        assert (tmp_path / "post").read_text() == "started\n"
        assert not (tmp_path / "pre").exists()
        assert asked == ["/post hook"]
        for name in ("hook-exec", "hook-http"):
            await world.client.delete(Pod, Key("default", name))
            await gone(world.client, name)
    finally:
        await runner.cleanup()
    assert (tmp_path / "pre").read_text() == "stopping\n"
    assert asked == ["/post hook", "/pre hook"]


async def test_a_hook_may_sleep_and_one_that_fails_ends_its_container(world: World) -> None:
    loop = asyncio.get_running_loop()
    sleeps = "lifecycle: {preStop: {sleep: {seconds: 1}}}"
    fails = "lifecycle: {postStart: {exec: {command: ['false']}}}"
    wide = "{terminationGracePeriodSeconds: 5}"
    await world.client.create(
        main_pod("hook-sleeps", "trap exit TERM; while :; do sleep 0.1; done", sleeps, wide)
    )
    await world.client.create(main_pod("hook-fails", "sleep 600", fails))
    await until(world.client, "hook-sleeps", is_ready)
    began = loop.time()
    await world.client.delete(Pod, Key("default", "hook-sleeps"))
    await gone(world.client, "hook-sleeps")
    assert loop.time() - began >= 1.0
    over = await until(world.client, "hook-fails", is_over)
    assert state_of(over)[0] == 137
    assert await events(world.client, "hook-fails", "FailedPostStartHook")


@pytest.mark.conformance(
    "[sig-node] Kubelet when scheduling a busybox command in a pod should print the output to "
    "logs [NodeConformance]",
    "[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should be "
    "possible to delete [NodeConformance]",
    "[sig-node] Kubelet when scheduling a busybox command that always fails in a pod should have "
    "an terminated reason [NodeConformance]",
)
async def test_a_command_that_always_fails_says_so_and_can_be_deleted(world: World) -> None:
    told = await output(world.client, world.kubelet, main_pod("hello", "echo 'Hello World'"))
    assert told == "Hello World\n"
    await world.client.create(main_pod("bad", "exit 1", spec="{restartPolicy: Always}"))

    def has_ended(one: Pod) -> bool:
        return any(
            each.state.terminated or each.last_state.terminated
            for each in one.status.container_statuses
        )

    failed = await until(world.client, "bad", has_ended)
    assert state_of(failed)[:2] == (1, "Error")
    await world.client.delete(Pod, Key("default", "bad"))
    seen = await gone(world.client, "bad")
    assert seen[-1].status.phase == "Failed"


@pytest.mark.conformance(
    "[sig-node] Kubelet when scheduling an agnhost Pod with hostAliases should write entries to "
    "/etc/hosts [NodeConformance]",
    "[sig-node] KubeletManagedEtcHosts should test kubelet managed /etc/hosts file "
    "[NodeConformance]",
)
async def test_the_hosts_file_is_the_kubelets(world: World, tmp_path: Path) -> None:
    aliases = "{hostAliases: [{ip: 123.45.67.89, hostnames: [foo, bar]}]}"
    told = await output(
        world.client, world.kubelet, main_pod("aliases", "cat /etc/hosts", spec=aliases)
    )
    ip = (await get(world.client, "aliases")).status.pod_ip
    assert told.startswith("# Kubernetes-managed hosts file.\n")
    assert f"{ip}\taliases\n" in told
    assert "123.45.67.89\tfoo\tbar\n" in told

    (tmp_path / "hosts").write_text("mine\n")
    volume = f"{{volumes: [{{name: h, hostPath: {{path: {tmp_path}/hosts}}}}]}}"
    mount = "volumeMounts: [{name: h, mountPath: /etc/hosts}]"
    own = main_pod("own-hosts", "cat /etc/hosts", mount, volume)
    assert await output(world.client, world.kubelet, own) == "mine\n"
    host = main_pod("host-hosts", "cat /etc/hosts", spec="{hostNetwork: true}")
    told = await output(world.client, world.kubelet, host)
    assert "Kubernetes-managed hosts file." not in told.splitlines()[0] or "host network" in told


@pytest.mark.conformance(
    "[sig-node] Ephemeral Containers [NodeConformance] should update the ephemeral containers in "
    "an existing pod",
    "[sig-node] Ephemeral Containers [NodeConformance] will start an ephemeral container in an "
    "existing pod",
)
async def test_a_container_is_added_for_looking(world: World) -> None:
    await world.client.create(main_pod("looked-at", "sleep 612"))
    running = await until(world.client, "looked-at", is_ready)

    async def add(name: str, before: Pod) -> Pod:
        looker = EphemeralContainer(
            name=name,
            image="busybox:1.28",
            command=("sh", "-c", "ps; echo seen; sleep 600"),
            target_container_name="main",
        )
        every = (*before.spec.ephemeral_containers, looker)
        changed = replace(before, spec=replace(before.spec, ephemeral_containers=every))
        await world.client.update(changed, subresource="ephemeralcontainers")

        def runs(one: Pod) -> bool:
            return any(
                each.name == name and each.state.running
                for each in one.status.ephemeral_container_statuses
            )

        return await until(world.client, "looked-at", runs)

    one = await add("debugger", running)
    await says(world.kubelet, one, "seen\n", "debugger")
    assert "sleep 612" in await printed(world.kubelet, one, "debugger"), "it sees the target's"
    two = await add("debugger2", one)
    assert len(two.status.ephemeral_container_statuses) == 2
    assert two.status.container_statuses[0].restart_count == 0


@pytest.mark.conformance(
    "[sig-node] Pods should allow activeDeadlineSeconds to be updated [NodeConformance]"
)
async def test_a_deadline_can_be_set_while_it_runs(world: World) -> None:
    await world.client.create(main_pod("late", "sleep 600"))
    await until(world.client, "late", is_ready)
    change = {"spec": {"activeDeadlineSeconds": 1}}
    await world.client.patch(Pod, Key("default", "late"), change)
    over = await until(world.client, "late", is_over)
    assert (over.status.phase, over.status.reason) == ("Failed", "DeadlineExceeded")


@pytest.mark.conformance(
    "[sig-node] Pods should be submitted and removed [NodeConformance]",
    "[sig-node] Pods should be updated [NodeConformance]",
    "[sig-node] Pods should patch a pod status",
    "[sig-node] Pods should run through the lifecycle of Pods and PodStatus",
    "[sig-node] Pods Extended (pod generation) Pod Generation custom-set generation on new pods "
    "and graceful delete",
    "[sig-node] Pods Extended (pod generation) Pod Generation issue 500 podspec updates and verify "
    "generation and observedGeneration eventually converge [MinimumKubeletVersion:1.34]",
    "[sig-node] Pods Extended (pod generation) Pod Generation pod generation should start at 1 and "
    "increment per update [MinimumKubeletVersion:1.34]",
)
async def test_pods_come_change_and_go(world: World) -> None:
    client = world.client
    fresh = main_pod("one", "sleep 600")
    meta = replace(fresh.metadata, generation=100)
    created = await client.create(replace(fresh, metadata=meta))
    assert created.metadata.generation == 1
    running = await until(client, "one", is_ready)
    assert running.status.observed_generation == 1

    changed = await client.patch(
        Pod, Key("default", "one"), {"metadata": {"labels": {"time": "x"}}}
    )
    assert changed.metadata.generation == 1, "labels are no part of the spec"
    patch = {"status": {"message": "patched by a test"}}
    patched = await client.patch(Pod, Key("default", "one"), patch, subresource="status")
    assert patched.status.message == "patched by a test"

    for number in range(500):
        seconds = {"spec": {"activeDeadlineSeconds": 10_000 - number}}
        await client.patch(Pod, Key("default", "one"), seconds)

    def converged(one: Pod) -> bool:
        return one.metadata.generation == 501 == one.status.observed_generation

    await until(client, "one", converged)

    async with asyncio.TaskGroup() as group:
        leaving = group.create_task(gone(client, "one"))
        await asyncio.sleep(0)
        await client.delete(Pod, Key("default", "one"))
    seen = leaving.result()
    assert any(one.metadata.deletion_timestamp for one in seen)
    assert seen[-1].status.phase == "Failed"
    assert seen[-1].metadata.generation == 502, "a graceful deletion counts"


@pytest.mark.conformance(
    "[sig-node] Pods Extended Pods Set QOS Class should be set on Pods with matching resource "
    "requests and limits for memory and cpu"
)
async def test_the_kernel_knows_the_quality_of_service(world: World) -> None:
    sizes = "{cpu: 100m, memory: 64Mi}"
    alike = f"resources: {{requests: {sizes}, limits: {sizes}}}"
    part = "resources: {requests: {memory: 64Mi}}"
    scores = {}
    for name, container in (("guaranteed", alike), ("burstable", part), ("best-effort", "{}")):
        script = "cat /proc/self/oom_score_adj"
        told = await output(world.client, world.kubelet, main_pod(name, script, container))
        quality = (await get(world.client, name)).status.qos_class
        scores[quality] = int(told)
    assert scores["BestEffort"] == 1000
    assert 2 <= scores["Burstable"] < 1000
    assert scores["Guaranteed"] < scores["Burstable"]


async def test_a_sidecar_starts_first_and_ends_last(world: World) -> None:
    wanted = pod(
        """
metadata: {name: sides}
spec:
  restartPolicy: Never
  initContainers:
  - name: side
    image: busybox:1.28
    restartPolicy: Always
    command: [sh, -c, "touch /v/side; trap 'ls /v/main; exit 0' TERM; while :; do sleep 0.1; done"]
    startupProbe: {exec: {command: [ls, /v/side]}, periodSeconds: 1}
    volumeMounts: [{name: v, mountPath: /v}]
  containers:
  - name: main
    image: busybox:1.28
    command: [sh, -c, "ls /v/side; touch /v/main"]
    volumeMounts: [{name: v, mountPath: /v}]
  volumes: [{name: v, emptyDir: {}}]
"""
    )
    assert await output(world.client, world.kubelet, wanted) == "/v/side\n"
    async with asyncio.timeout(WAIT_S):
        while await printed(world.kubelet, await get(world.client, "sides"), "side") != "/v/main\n":
            await asyncio.sleep(0.05)


async def test_commands_run_with_the_containers_view(world: World) -> None:
    await world.client.create(
        main_pod("view", "echo x > /x; sleep 600", "env: [{name: A, value: b}]")
    )
    running = await until(world.client, "view", is_ready)
    assert await run_in(world.kubelet, running, "sh", "-c", "cat /x; echo $A; hostname") == (
        "x\nb\nview\n"
    )
