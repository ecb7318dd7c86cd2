"""What a container is told: variables, its own pod, ConfigMaps, Secrets, Services, its command."""

import pytest
from msgspec.structs import replace

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.pod import Pod
from knarr.api.core.secret import Secret
from knarr.api.core.service import Service
from knarr.api.keys import Key
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import (
    events,
    get,
    is_over,
    is_ready,
    made,
    main_pod,
    output,
    pod,
    printed,
    says,
    until,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def lines(text: str) -> dict[str, str]:
    """NAME=value, by name."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@pytest.mark.conformance(
    "[sig-node] ConfigMap should be consumable as environment variable names with various prefixes",
    "[sig-node] ConfigMap should be consumable via environment variable [NodeConformance]",
    "[sig-node] ConfigMap should be consumable via the environment [NodeConformance]",
    "[sig-node] Secrets should be consumable as environment variable names variable names with "
    "various prefixes",
    "[sig-node] Secrets should be consumable from pods in env vars [NodeConformance]",
    "[sig-node] Secrets should be consumable via the environment [NodeConformance]",
)
async def test_config_maps_and_secrets_are_variables(world: World) -> None:
    await world.client.create(
        made(ConfigMap, "{metadata: {name: colours}, data: {sea: blue, sun: yellow}}")
    )
    await world.client.create(made(Secret, "{metadata: {name: code}, data: {word: c2VzYW1l}}"))
    container = """
command: [env]
env:
- {name: SEA, valueFrom: {configMapKeyRef: {name: colours, key: sea}}}
- {name: WORD, valueFrom: {secretKeyRef: {name: code, key: word}}}
- {name: NONE, valueFrom: {secretKeyRef: {name: code, key: none, optional: true}}}
envFrom:
- {configMapRef: {name: colours}}
- {prefix: "p-", configMapRef: {name: colours}}
- {prefix: S_, secretRef: {name: code}}
- {secretRef: {name: nowhere, optional: true}}
"""
    told = lines(await output(world.client, world.kubelet, main_pod("env", "env", container)))
    wanted = {"SEA": "blue", "sea": "blue", "sun": "yellow", "p-sea": "blue"}
    wanted |= {"WORD": "sesame", "S_word": "sesame"}
    assert wanted.items() <= told.items()
    assert "NONE" not in told


@pytest.mark.conformance(
    "[sig-node] Downward API should provide container's limits.cpu/memory and "
    "requests.cpu/memory as env vars [NodeConformance]",
    "[sig-node] Downward API should provide default limits.cpu/memory from node allocatable "
    "[NodeConformance]",
    "[sig-node] Downward API should provide host IP as an env var [NodeConformance]",
    "[sig-node] Downward API should provide hostIPs as an env var [NodeConformance]",
    "[sig-node] Downward API should provide pod UID as env vars [NodeConformance]",
    "[sig-node] Downward API should provide pod name, namespace and IP address as env vars "
    "[NodeConformance]",
    "[sig-node] Pods should get a host IP [NodeConformance]",
)
async def test_a_container_is_told_of_its_pod(world: World) -> None:
    fields = ("metadata.name", "metadata.namespace", "metadata.uid", "status.podIP")
    more = ("status.hostIP", "status.hostIPs", "spec.nodeName", "spec.serviceAccountName")
    names = [*fields, *more]
    env = "".join(
        f"\n- {{name: F{number}, valueFrom: {{fieldRef: {{fieldPath: {field}}}}}}}"
        for number, field in enumerate(names)
    )
    env += "".join(
        f"\n- {{name: {side[0].upper()}_{what.upper()}, valueFrom: "
        f"{{resourceFieldRef: {{resource: {side}.{what}{divisor}}}}}}}"
        for side in ("limits", "requests")
        for what, divisor in (("cpu", ""), ("memory", ""))
    )
    resources = (
        "resources: {requests: {cpu: 250m, memory: 32Mi}, limits: {cpu: 1250m, memory: 64Mi}}"
    )
    wanted = main_pod("told", "env", f"env:{env}\n{resources}")
    told = lines(await output(world.client, world.kubelet, wanted))
    there = await get(world.client, "told")
    shown = [there.metadata.name, "default", there.metadata.uid, there.status.pod_ip]
    shown += ["127.0.0.1", "127.0.0.1", "node-0", "default"]
    assert [told[f"F{number}"] for number in range(len(names))] == shown
    assert there.status.host_ip == "127.0.0.1"
    assert (told["L_CPU"], told["L_MEMORY"]) == ("2", str(64 << 20))
    assert (told["R_CPU"], told["R_MEMORY"]) == ("1", str(32 << 20))

    free = main_pod("free", "env", f"env:{env}")
    told = lines(await output(world.client, world.kubelet, free))
    node = world.kubelet.agent.node
    assert node is not None
    assert told["L_CPU"] == node.status.allocatable["cpu"]
    assert int(told["L_MEMORY"]) == int(node.status.allocatable["memory"].removesuffix("Ki")) * 1024


@pytest.mark.conformance(
    "[sig-node] Variable Expansion should allow composing env vars into new env vars "
    "[NodeConformance]",
    "[sig-node] Variable Expansion should allow substituting values in a container's args "
    "[NodeConformance]",
    "[sig-node] Variable Expansion should allow substituting values in a container's command "
    "[NodeConformance]",
)
async def test_variables_are_put_into_words(world: World) -> None:
    whole = pod(
        """
metadata: {name: words}
spec:
  restartPolicy: Never
  containers:
  - name: main
    image: busybox:1.28
    env: [{name: A, value: one}, {name: B, value: "$(A)-two $$(A) $(NOT)"}]
    command: [sh, -c, "echo $(A) $B; echo $0", "$(B)"]
  - name: args
    image: busybox:1.28
    env: [{name: A, value: one}]
    command: [echo]
    args: [x, "$(A)"]
"""
    )
    told = await output(world.client, world.kubelet, whole)
    assert told == "one one-two $(A) $(NOT)\none-two $(A) $(NOT)\n"
    assert await printed(world.kubelet, await get(world.client, "words"), "args") == "x one\n"


@pytest.mark.conformance(
    "[sig-node] Containers should be able to override the image's default arguments (container "
    "cmd) [NodeConformance]",
    "[sig-node] Containers should be able to override the image's default command (container "
    "entrypoint) [NodeConformance]",
    "[sig-node] Containers should be able to override the image's default command and arguments "
    "[NodeConformance]",
    "[sig-node] Containers should use the image defaults if command and args are blank "
    "[NodeConformance]",
)
async def test_the_images_command_and_arguments_can_be_overridden(world: World) -> None:
    whole = pod(
        """
metadata: {name: overrides}
spec:
  restartPolicy: Never
  containers:
  - {name: main, image: "echo:1"}
  - {name: args, image: "echo:1", args: [other]}
  - {name: command, image: "echo:1", command: [/bin/echo, mine]}
  - {name: both, image: "echo:1", command: [/bin/echo, mine], args: [too]}
"""
    )
    told = {"main": await output(world.client, world.kubelet, whole)}
    over = await get(world.client, "overrides")
    for name in ("args", "command", "both"):
        told[name] = await printed(world.kubelet, over, name)
    assert told == {
        "main": "entry words\n",
        "args": "entry other\n",
        "command": "mine\n",
        "both": "mine too\n",
    }


@pytest.mark.conformance(
    "[sig-node] Pods should contain environment variables for services [NodeConformance]"
)
async def test_services_are_variables(world: World) -> None:
    service = "{metadata: {name: foo-service}, spec: {ports: [{port: 8765}]}}"
    created = await world.client.create(made(Service, service))
    informer = world.kubelet.host.services
    await informer.caught_up(int(created.metadata.resource_version))
    told = lines(await output(world.client, world.kubelet, main_pod("services", "env")))
    ip = created.spec.cluster_ip
    wanted = {
        "FOO_SERVICE_SERVICE_HOST": ip,
        "FOO_SERVICE_SERVICE_PORT": "8765",
        "FOO_SERVICE_PORT": f"tcp://{ip}:8765",
        "FOO_SERVICE_PORT_8765_TCP": f"tcp://{ip}:8765",
        "FOO_SERVICE_PORT_8765_TCP_PROTO": "tcp",
        "FOO_SERVICE_PORT_8765_TCP_PORT": "8765",
        "FOO_SERVICE_PORT_8765_TCP_ADDR": ip,
    }
    assert wanted.items() <= told.items()
    quiet = main_pod("quiet", "env", spec="{enableServiceLinks: false}")
    assert "FOO" not in await output(world.client, world.kubelet, quiet)


MOUNTS = """
env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: "metadata.annotations['place']"}}}]
volumeMounts:
- {name: work, mountPath: /below, subPathExpr: $(NAME)}
- {name: work, mountPath: /work}
"""
VOLUME = "{volumes: [{name: work, emptyDir: {}}], restartPolicy: Always}"


@pytest.mark.conformance(
    "[sig-node] Variable Expansion should allow substituting values in a volume subpath",
    "[sig-node] Variable Expansion should succeed in writing subpaths in container",
    "[sig-node] Variable Expansion should fail substituting values in a volume subpath with "
    "absolute path",
    "[sig-node] Variable Expansion should fail substituting values in a volume subpath with "
    "backticks",
    "[sig-node] Variable Expansion should verify that a failing subpath expansion can be modified "
    "during the lifecycle of a container [Slow]",
)
async def test_a_part_of_a_volume_is_chosen_by_a_variable(world: World) -> None:
    def placed(name: str, place: str) -> Pod:
        base = main_pod(name, "touch /below/x; ls /work/*; sleep 600", MOUNTS, VOLUME)
        annotated = {**base.metadata.annotations, "place": place}
        return replace(base, metadata=replace(base.metadata, annotations=annotated))

    for name, place in (("absolute", "/tmp"), ("ticks", "..")):
        await world.client.create(placed(name, place))
        failed = await events(world.client, name, "Failed")
        assert "SubPath" in failed[0].message

    await world.client.create(placed("fine", "some/where"))
    running = await until(world.client, "fine", is_ready)
    await says(world.kubelet, running, "where")

    change = {"metadata": {"annotations": {"place": "mended"}}}
    await world.client.patch(Pod, Key("default", "absolute"), change)
    mended = await until(world.client, "absolute", is_ready)
    await says(world.kubelet, mended, "x\n")
    assert not is_over(mended)
