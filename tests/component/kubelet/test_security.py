"""Whom a container runs as, and what it may do."""

import json
from pathlib import Path

import pytest

from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import (
    events,
    get,
    is_over,
    is_ready,
    main_pod,
    output,
    pod,
    printed,
    run_in,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.conformance(
    "[sig-node] Security Context When creating a container with runAsUser should run the container "
    "with uid 65534 [LinuxOnly] [NodeConformance]",
    "[sig-node] Security Context should support container.SecurityContext.RunAsUser And "
    "container.SecurityContext.RunAsGroup [LinuxOnly]",
    "[sig-node] Security Context should support pod.Spec.SecurityContext.RunAsUser And "
    "pod.Spec.SecurityContext.RunAsGroup [LinuxOnly]",
)
async def test_users_and_groups_are_those_of_the_container_else_of_the_pod(world: World) -> None:
    whole = pod(
        """
metadata: {name: users}
spec:
  restartPolicy: Never
  securityContext: {runAsUser: 1001, runAsGroup: 2002, supplementalGroups: [3003], fsGroup: 4004}
  containers:
  - {name: main, image: "busybox:1.28", command: [sh, -c, id -u; id -g; id -G]}
  - name: own
    image: busybox:1.28
    command: [sh, -c, id -u; id -g]
    securityContext: {runAsUser: 65534, runAsGroup: 5005}
"""
    )
    told = (await output(world.client, world.kubelet, whole)).split()
    assert told[:2] == ["1001", "2002"]
    assert set(told[2:]) == {"2002", "3003", "4004"}
    over = await get(world.client, "users")
    assert (await printed(world.kubelet, over, "own")).split() == ["65534", "5005"]


@pytest.mark.conformance(
    "[sig-node] Security Context When creating a pod with privileged should run the container as "
    "unprivileged when false [LinuxOnly] [NodeConformance]",
    "[sig-node] Security Context When creating a pod with readOnlyRootFilesystem should run the "
    "container with writable rootfs when readOnlyRootFilesystem=false [NodeConformance]",
    "[sig-node] Security Context when creating containers with AllowPrivilegeEscalation should not "
    "allow privilege escalation when false [LinuxOnly] [NodeConformance]",
    "[sig-node] Kubelet when scheduling a read only busybox container should not write to root "
    "filesystem [LinuxOnly] [NodeConformance]",
)
async def test_what_a_container_may_do(world: World) -> None:
    told = "grep -E '^(NoNewPrivs|CapEff|Seccomp):' /proc/self/status | cut -f2; "
    link = "ip link add dummy0 type bridge 2>/dev/null && echo added; "
    write = "echo x 2>/dev/null > /x && echo written; true"
    contexts = {
        "main": "{privileged: false, readOnlyRootFilesystem: false}",
        "fixed": "{readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}",
        "least": "{capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}",
        "default": "{seccompProfile: {type: RuntimeDefault}}",
        "privileged": "{privileged: true}",
    }
    containers = "".join(
        f"""
  - name: {name}
    image: busybox:1.28
    command: [sh, -c, "{told}{link}{write}"]
    securityContext: {context}"""
        for name, context in contexts.items()
    )
    whole = pod(
        f"metadata: {{name: may}}\nspec:\n  restartPolicy: Never\n  containers:{containers}\n"
    )
    await world.client.create(whole)
    over = await until(world.client, "may", is_over)
    shown = {name: (await printed(world.kubelet, over, name)).split() for name in contexts}
    assert "added" not in shown["main"]
    assert shown["main"][-1] == "written"
    assert shown["main"][1] == "0", "no_new_privs is off unless asked for"
    assert shown["fixed"][1] == "1"
    assert "written" not in shown["fixed"]
    assert shown["least"][0] == "0000000000000400"
    assert shown["default"][2] == "2", "a filter is on"
    assert shown["main"][2] == "0"
    assert "added" in shown["privileged"]


async def test_a_filter_of_system_calls_may_lie_on_the_node(world: World) -> None:
    folder = Path(world.kubelet.host.state_dir) / "seccomp"
    folder.mkdir()
    refused = {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}
    text = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [refused]})
    (folder / "no-mkdir.json").write_text(text)
    profile = "securityContext: {seccompProfile: {type: Localhost, localhostProfile: NAME}}"
    script = "mkdir /x 2>/dev/null || echo refused"
    wanted = main_pod("filtered", script, profile.replace("NAME", "no-mkdir.json"))
    assert await output(world.client, world.kubelet, wanted) == "refused\n"
    await world.client.create(main_pod("no-filter", "true", profile.replace("NAME", "none.json")))
    (failed, *_) = await events(world.client, "no-filter", "Failed")
    assert "cannot load seccomp profile" in failed.message


async def test_root_is_refused_where_the_pod_says_so(world: World) -> None:
    context = "securityContext: {runAsNonRoot: true}"
    await world.client.create(main_pod("no-root", "true", context))
    (failed, *_) = await events(world.client, "no-root", "Failed")
    assert "runAsNonRoot and image will run as root" in failed.message

    def waits(one: Pod) -> bool:
        states = [status.state.waiting for status in one.status.container_statuses]
        return any(one and one.reason == "CreateContainerConfigError" for one in states)

    await until(world.client, "no-root", waits)


@pytest.mark.conformance(
    "[sig-node] Sysctls [LinuxOnly] [NodeConformance] should reject invalid sysctls",
    "[sig-node] Sysctls [LinuxOnly] [NodeConformance] should support sysctls "
    "[Environment:NotInUserNS]",
)
async def test_kernel_settings_are_the_pods_own(world: World) -> None:
    safe = "{securityContext: {sysctls: [{name: kernel.shm_rmid_forced, value: '1'}]}}"
    script = "cat /proc/sys/kernel/shm_rmid_forced"
    told = await output(world.client, world.kubelet, main_pod("sysctl", script, spec=safe))
    assert told == "1\n"
    bad = "{securityContext: {sysctls: [{name: foo-, value: bar}, {name: bar.., value: '4'}]}}"
    with pytest.raises(ApiError) as refused:
        await world.client.create(main_pod("bad-sysctl", "true", spec=bad))
    assert 'Invalid value: "foo-"' in str(refused.value)
    assert 'Invalid value: "bar.."' in str(refused.value)
    unsafe = "{securityContext: {sysctls: [{name: kernel.msgmax, value: '10000'}]}}"
    await world.client.create(main_pod("unsafe", "true", spec=unsafe))
    over = await until(world.client, "unsafe", is_over)
    assert over.status.reason == "SysctlForbidden"


async def test_namespaces_of_the_host_are_shared_where_asked(world: World) -> None:
    host = "{hostPID: true, hostIPC: true, hostNetwork: true}"
    script = "cd /proc; ls -l self/ns/net self/ns/ipc | sed 's/.*> //'; ls | grep -c '^[0-9]'"
    theirs = (
        await output(world.client, world.kubelet, main_pod("host", script, spec=host))
    ).split()
    mine = (await output(world.client, world.kubelet, main_pod("own", script))).split()
    assert theirs[0] != mine[0]
    assert theirs[1] != mine[1]
    assert int(theirs[2]) > int(mine[2])
    await world.client.create(
        pod(
            """
metadata: {name: sharing}
spec:
  shareProcessNamespace: true
  containers:
  - {name: main, image: "busybox:1.28", command: [sleep, "600"]}
  - {name: other, image: "busybox:1.28", command: [sleep, "611"]}
"""
        )
    )
    running = await until(world.client, "sharing", is_ready)
    assert "sleep 611" in await run_in(world.kubelet, running, "ps")
