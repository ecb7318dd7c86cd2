"""What pods see of volumes: files, modes, owners, parts, and changes while they run."""

import asyncio
from typing import Any

import pytest
import yaml

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace
from knarr.api.core.pod import Pod
from knarr.api.core.secret import Secret
from knarr.api.keys import Key
from tests.component.kubelet.conftest import World
from tests.component.kubelet.lab import (
    WAIT_S,
    is_over,
    is_ready,
    made,
    main_pod,
    pod,
    printed,
    run_in,
    until,
)
from tests.images import archive_of
from tests.registry import serve_registry

pytestmark = pytest.mark.asyncio(loop_scope="module")

USERS = {"root": 0, "nobody": 1001}
MODES = ("0644", "0666", "0777")


async def shown(world: World, name: str, volumes: str, scripts: dict[str, Any]) -> dict[str, str]:
    """Run a pod with a container for each script; answer what each printed."""
    containers = []
    for container, (mounts, script, *more) in scripts.items():
        one = {
            "name": container,
            "image": "busybox:1.28",
            "command": ["sh", "-c", script],
            "volumeMounts": yaml.safe_load(mounts),
        }
        containers.append({**one, **(more[0] if more else {})})
    spec = {"restartPolicy": "Never", "containers": containers, **yaml.safe_load(volumes)}
    wanted = pod(yaml.safe_dump({"metadata": {"name": name}, "spec": spec}))
    await world.client.create(wanted)
    over = await until(world.client, name, is_over)
    told = {one: await printed(world.kubelet, over, one) for one in scripts}
    assert over.status.phase == "Succeeded", told
    return told


@pytest.mark.conformance(
    "[sig-storage] EmptyDir volumes should support (non-root,0644,default) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (non-root,0644,tmpfs) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (non-root,0666,default) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (non-root,0666,tmpfs) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (non-root,0777,default) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (non-root,0777,tmpfs) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (root,0644,default) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (root,0644,tmpfs) [LinuxOnly] [NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (root,0666,default) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (root,0666,tmpfs) [LinuxOnly] [NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (root,0777,default) [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] EmptyDir volumes should support (root,0777,tmpfs) [LinuxOnly] [NodeConformance]",
    "[sig-storage] EmptyDir volumes volume on default medium should have the correct mode "
    "[LinuxOnly] [NodeConformance]",
    "[sig-storage] EmptyDir volumes volume on tmpfs should have the correct mode [LinuxOnly] "
    "[NodeConformance]",
)
async def test_empty_dirs_keep_modes_for_every_user(world: World) -> None:
    volumes = "{volumes: [{name: disk, emptyDir: {}}, {name: memory, emptyDir: {medium: Memory}}]}"
    mounts = "[{name: disk, mountPath: /disk}, {name: memory, mountPath: /memory}]"
    scripts: dict[str, Any] = {}
    for user, uid in USERS.items():
        steps = "".join(
            f"echo x > {place}/{user}{mode}; chmod {mode} {place}/{user}{mode}; "
            f"stat -c '%a %u' {place}/{user}{mode}; "
            for place in ("/disk", "/memory")
            for mode in MODES
        )
        steps += "stat -c %a /disk /memory; grep -c ' /memory tmpfs' /proc/mounts"
        scripts[user] = (mounts, steps, {"securityContext": {"runAsUser": uid}})
    told = await shown(world, "modes", volumes, scripts)
    for user, uid in USERS.items():
        files = [f"{int(mode)} {uid}" for mode in MODES] * 2
        assert told[user].splitlines() == [*files, "777", "777", "1"]


@pytest.mark.conformance(
    "[sig-storage] EmptyDir volumes pod should support shared volumes between containers"
)
async def test_containers_share_a_volume(world: World) -> None:
    mount = "[{name: v, mountPath: /v}]"
    told = await shown(
        world,
        "shared",
        "{volumes: [{name: v, emptyDir: {}}]}",
        {
            "writer": (mount, "echo hello > /v/.new; mv /v/.new /v/greeting"),
            "reader": (mount, "until cat /v/greeting 2>/dev/null; do sleep 0.1; done"),
        },
    )
    assert told["reader"] == "hello\n"


CONFIG = "{metadata: {name: conf}, data: {a: one, b: two}, binaryData: {raw: 3q2+7w==}}"
CODE = "{metadata: {name: hush}, data: {a: b25l, b: dHdv}}"

VOLUMES = """
securityContext: {fsGroup: 2001}
volumes:
- {name: c, configMap: {name: conf}}
- {name: c-mode, configMap: {name: conf, defaultMode: 0400}}
- {name: c-items, configMap: {name: conf, items: [{key: a, path: path/to/a, mode: 0440}]}}
- {name: s, secret: {secretName: hush}}
- {name: s-mode, secret: {secretName: hush, defaultMode: 0400}}
- {name: s-items, secret: {secretName: hush, items: [{key: a, path: path/to/a, mode: 0440}]}}
- {name: pc, projected: {sources: [{configMap: {name: conf}}]}}
- {name: pc-mode, projected: {defaultMode: 0400, sources: [{configMap: {name: conf}}]}}
- name: pc-items
  projected: {sources: [{configMap: {name: conf, items: [{key: a, path: path/to/a, mode: 0440}]}}]}
- {name: ps, projected: {sources: [{secret: {name: hush}}]}}
- {name: ps-mode, projected: {defaultMode: 0400, sources: [{secret: {name: hush}}]}}
- name: ps-items
  projected: {sources: [{secret: {name: hush, items: [{key: a, path: path/to/a, mode: 0440}]}}]}
"""
KINDS = ("c", "s", "pc", "ps")


@pytest.mark.conformance(
    "[sig-storage] ConfigMap binary data should be reflected in volume [NodeConformance]",
    "[sig-storage] ConfigMap should be consumable from pods in volume [NodeConformance]",
    "[sig-storage] ConfigMap should be consumable from pods in volume as non-root "
    "[NodeConformance]",
    "[sig-storage] ConfigMap should be consumable from pods in volume with defaultMode set "
    "[LinuxOnly] [NodeConformance]",
    "[sig-storage] ConfigMap should be consumable from pods in volume with mappings "
    "[NodeConformance]",
    "[sig-storage] ConfigMap should be consumable from pods in volume with mappings and Item mode "
    "set [LinuxOnly] [NodeConformance]",
    "[sig-storage] ConfigMap should be consumable from pods in volume with mappings as non-root "
    "[NodeConformance]",
    "[sig-storage] ConfigMap should be consumable in multiple volumes in the same pod "
    "[NodeConformance]",
    "[sig-storage] Projected configMap should be consumable from pods in volume [NodeConformance]",
    "[sig-storage] Projected configMap should be consumable from pods in volume as non-root "
    "[NodeConformance]",
    "[sig-storage] Projected configMap should be consumable from pods in volume with defaultMode "
    "set [LinuxOnly] [NodeConformance]",
    "[sig-storage] Projected configMap should be consumable from pods in volume with mappings "
    "[NodeConformance]",
    "[sig-storage] Projected configMap should be consumable from pods in volume with mappings and "
    "Item mode set [LinuxOnly] [NodeConformance]",
    "[sig-storage] Projected configMap should be consumable from pods in volume with mappings as "
    "non-root [NodeConformance]",
    "[sig-storage] Projected configMap should be consumable in multiple volumes in the same pod "
    "[NodeConformance]",
    "[sig-storage] Projected secret should be consumable from pods in volume [NodeConformance]",
    "[sig-storage] Projected secret should be consumable from pods in volume as non-root with "
    "defaultMode and fsGroup set [LinuxOnly] [NodeConformance]",
    "[sig-storage] Projected secret should be consumable from pods in volume with defaultMode set "
    "[LinuxOnly] [NodeConformance]",
    "[sig-storage] Projected secret should be consumable from pods in volume with mappings "
    "[NodeConformance]",
    "[sig-storage] Projected secret should be consumable from pods in volume with mappings and "
    "Item Mode set [LinuxOnly] [NodeConformance]",
    "[sig-storage] Projected secret should be consumable in multiple volumes in a pod "
    "[NodeConformance]",
    "[sig-storage] Secrets should be able to mount in a volume regardless of a different secret "
    "existing with same name in different namespace [NodeConformance]",
    "[sig-storage] Secrets should be consumable from pods in volume [NodeConformance]",
    "[sig-storage] Secrets should be consumable from pods in volume as non-root with defaultMode "
    "and fsGroup set [LinuxOnly] [NodeConformance]",
    "[sig-storage] Secrets should be consumable from pods in volume with defaultMode set "
    "[LinuxOnly] [NodeConformance]",
    "[sig-storage] Secrets should be consumable from pods in volume with mappings "
    "[NodeConformance]",
    "[sig-storage] Secrets should be consumable from pods in volume with mappings and Item Mode "
    "set [LinuxOnly] [NodeConformance]",
    "[sig-storage] Secrets should be consumable in multiple volumes in a pod [NodeConformance]",
    "[sig-storage] EmptyDir wrapper volumes should not conflict",
)
async def test_config_maps_and_secrets_are_files(world: World) -> None:
    await world.client.create(made(Namespace, "{metadata: {name: other, namespace: ''}}"))
    other = "{metadata: {name: hush, namespace: other}, data: {a: d3Jvbmc=}}"
    await world.client.create(made(Secret, other))
    await world.client.create(made(ConfigMap, CONFIG))
    await world.client.create(made(Secret, CODE))
    names = [f"{kind}{part}" for kind in KINDS for part in ("", "-mode", "-items")]
    mounts = yaml.safe_dump([{"name": one, "mountPath": f"/{one}"} for one in names])
    script = "".join(
        f"cat /{kind}/a /{kind}-items/path/to/a /{kind}-mode/b; echo; stat -Lc '%a %g' "
        f"/{kind}/a /{kind}-mode/a /{kind}-items/path/to/a; "
        f"ls /{kind}-items; echo x 2>/dev/null > /{kind}/new && echo written; "
        for kind in KINDS
    )
    script += "od -An -tx1 /c/raw"
    user = {"securityContext": {"runAsUser": 1000}}
    told = await shown(
        world, "files", VOLUMES, {"root": (mounts, script), "user": (mounts, script, user)}
    )
    each = ["oneonetwo", "644 2001", "440 2001", "440 2001", "path"]
    assert told["root"].splitlines() == each * 4 + [" de ad be ef"]
    assert told["user"] == told["root"]


@pytest.mark.conformance(
    "[sig-storage] EmptyDir wrapper volumes should not cause race condition when used for "
    "configmaps [Serial]"
)
async def test_fifty_config_maps_in_one_pod(world: World) -> None:
    for number in range(50):
        await world.client.create(
            made(ConfigMap, f"{{metadata: {{name: m{number}}}, data: {{k: v{number}}}}}")
        )
    chosen = [{"name": f"m{n}", "configMap": {"name": f"m{n}"}} for n in range(50)]
    volumes = yaml.safe_dump({"volumes": chosen})
    mounts = yaml.safe_dump([{"name": f"m{n}", "mountPath": f"/m{n}"} for n in range(50)])
    told = await shown(
        world,
        "fifty",
        volumes,
        {"main": (mounts, "cat /m*/k | wc -c")},
    )
    assert told["main"].strip() == str(sum(len(f"v{number}") for number in range(50)))


DOWNWARD = """
items:
- {path: name, fieldRef: {fieldPath: metadata.name}}
- {path: labels, fieldRef: {fieldPath: metadata.labels}}
- {path: notes, fieldRef: {fieldPath: metadata.annotations}}
- {path: cpu-limit, mode: 0400, resourceFieldRef: {containerName: main, resource: limits.cpu}}
- {path: cpu-request, resourceFieldRef: {containerName: main, resource: requests.cpu, divisor: 1m}}
- {path: mem-limit, resourceFieldRef: {containerName: main, resource: limits.memory}}
- {path: mem-request, resourceFieldRef: {containerName: main, resource: requests.memory}}
- {path: free-cpu, resourceFieldRef: {containerName: free, resource: limits.cpu}}
- {path: free-mem, resourceFieldRef: {containerName: free, resource: limits.memory}}
"""


@pytest.mark.conformance(
    "[sig-storage] Downward API volume should provide container's cpu limit [NodeConformance]",
    "[sig-storage] Downward API volume should provide container's cpu request [NodeConformance]",
    "[sig-storage] Downward API volume should provide container's memory limit [NodeConformance]",
    "[sig-storage] Downward API volume should provide container's memory request [NodeConformance]",
    "[sig-storage] Downward API volume should provide node allocatable (cpu) as default cpu "
    "limit if the limit is not set [NodeConformance]",
    "[sig-storage] Downward API volume should provide node allocatable (memory) as default "
    "memory limit if the limit is not set [NodeConformance]",
    "[sig-storage] Downward API volume should provide podname only [NodeConformance]",
    "[sig-storage] Downward API volume should set DefaultMode on files [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] Downward API volume should set mode on item file [LinuxOnly] [NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide container's cpu limit [NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide container's cpu request [NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide container's memory limit [NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide container's memory request "
    "[NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide node allocatable (cpu) as default cpu "
    "limit if the limit is not set [NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide node allocatable (memory) as default "
    "memory limit if the limit is not set [NodeConformance]",
    "[sig-storage] Projected downwardAPI should provide podname only [NodeConformance]",
    "[sig-storage] Projected downwardAPI should set DefaultMode on files [LinuxOnly] "
    "[NodeConformance]",
    "[sig-storage] Projected downwardAPI should set mode on item file [LinuxOnly] "
    "[NodeConformance]",
)
async def test_a_pod_is_files_too(world: World) -> None:
    items = yaml.safe_load(DOWNWARD)["items"]
    volumes = [
        {"name": "d", "downwardAPI": {"items": items, "defaultMode": 0o440}},
        {
            "name": "p",
            "projected": {"sources": [{"downwardAPI": {"items": items}}], "defaultMode": 0o440},
        },
    ]
    mounts = "[{name: d, mountPath: /d}, {name: p, mountPath: /p}]"
    files = ("name", "cpu-limit", "cpu-request", "mem-limit", "mem-request", "free-cpu", "free-mem")
    script = "".join(
        f"for f in {' '.join(files)}; do cat /{v}/$f; echo; done; "
        f"stat -Lc %a /{v}/name /{v}/cpu-limit; "
        for v in "dp"
    )
    sizes = {
        "requests": {"cpu": "250m", "memory": "32Mi"},
        "limits": {"cpu": "2", "memory": "64Mi"},
    }
    told = await shown(
        world,
        "downward",
        yaml.safe_dump({"volumes": volumes}),
        {"main": (mounts, script, {"resources": sizes}), "free": ("[]", "true")},
    )
    node = world.kubelet.agent.node
    assert node is not None
    cpu, memory = node.status.allocatable["cpu"], node.status.allocatable["memory"]
    each = ["downward", "2", "250", str(64 << 20), str(32 << 20), cpu]
    each += [str(int(memory.removesuffix("Ki")) * 1024), "440", "400"]
    assert told["main"].splitlines() == each * 2


@pytest.mark.conformance(
    "[sig-storage] Projected combined should project all components that make up the projection "
    "API [Projection] [NodeConformance]"
)
async def test_all_kinds_meet_in_one_folder(world: World) -> None:
    await world.client.create(made(ConfigMap, "{metadata: {name: all-c}, data: {c: conf}}"))
    await world.client.create(made(Secret, "{metadata: {name: all-s}, data: {s: aHVzaA==}}"))
    volumes = """
volumes:
- name: all
  projected:
    sources:
    - {secret: {name: all-s}}
    - {configMap: {name: all-c}}
    - {downwardAPI: {items: [{path: name, fieldRef: {fieldPath: metadata.name}}]}}
"""
    mounts = "[{name: all, mountPath: /all}]"
    told = await shown(world, "all", volumes, {"main": (mounts, "cat /all/s /all/c /all/name")})
    assert told["main"] == "hushconfall"


@pytest.mark.conformance(
    "[sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod",
    "[sig-storage] Subpath Atomic writer volumes should support subpaths with configmap pod with "
    "mountPath of existing file",
    "[sig-storage] Subpath Atomic writer volumes should support subpaths with downward pod",
    "[sig-storage] Subpath Atomic writer volumes should support subpaths with projected pod",
    "[sig-storage] Subpath Atomic writer volumes should support subpaths with secret pod",
)
async def test_one_file_of_a_volume_is_mounted(world: World) -> None:
    await world.client.create(made(ConfigMap, "{metadata: {name: part-c}, data: {c: conf}}"))
    await world.client.create(made(Secret, "{metadata: {name: part-s}, data: {s: aHVzaA==}}"))
    volumes = """
volumes:
- {name: c, configMap: {name: part-c}}
- {name: s, secret: {secretName: part-s}}
- {name: d, downwardAPI: {items: [{path: in/name, fieldRef: {fieldPath: metadata.name}}]}}
- {name: p, projected: {sources: [{configMap: {name: part-c}}]}}
"""
    mounts = """
- {name: c, mountPath: /etc/group, subPath: c}
- {name: c, mountPath: /new/c, subPath: c}
- {name: s, mountPath: /s, subPath: s}
- {name: d, mountPath: /d, subPath: in/name}
- {name: p, mountPath: /p, subPath: c}
"""
    script = "cat /etc/group /new/c /s /d /p"
    told = await shown(world, "parts", volumes, {"main": (mounts, script)})
    assert told["main"] == "confconfhushpartsconf"


LIVE = """
volumes:
- {name: c, configMap: {name: live-c}}
- {name: co, configMap: {name: later-c, optional: true}}
- {name: cd, configMap: {name: goes-c, optional: true}}
- {name: so, secret: {secretName: later-s, optional: true}}
- {name: sd, secret: {secretName: goes-s, optional: true}}
- {name: pc, projected: {sources: [{configMap: {name: live-c}}]}}
- name: po
  projected: {sources: [{configMap: {name: later-c, optional: true}}, {secret: {name: later-s, optional: true}}]}
- name: pd
  projected: {sources: [{configMap: {name: goes-c, optional: true}}, {secret: {name: goes-s, optional: true}}]}
- {name: d, downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}, {path: a, fieldRef: {fieldPath: "metadata.annotations['say']"}}]}}
- name: pj
  projected: {sources: [{downwardAPI: {items: [{path: l, fieldRef: {fieldPath: metadata.labels}}, {path: a, fieldRef: {fieldPath: "metadata.annotations['say']"}}]}}]}
"""  # noqa: E501


@pytest.mark.conformance(
    "[sig-storage] ConfigMap optional updates should be reflected in volume [NodeConformance]",
    "[sig-storage] ConfigMap updates should be reflected in volume [NodeConformance]",
    "[sig-storage] Projected configMap optional updates should be reflected in volume "
    "[NodeConformance]",
    "[sig-storage] Projected configMap updates should be reflected in volume [NodeConformance]",
    "[sig-storage] Projected secret optional updates should be reflected in volume "
    "[NodeConformance]",
    "[sig-storage] Secrets optional updates should be reflected in volume [NodeConformance]",
    "[sig-storage] Downward API volume should update annotations on modification [NodeConformance]",
    "[sig-storage] Downward API volume should update labels on modification [NodeConformance]",
    "[sig-storage] Projected downwardAPI should update annotations on modification "
    "[NodeConformance]",
    "[sig-storage] Projected downwardAPI should update labels on modification [NodeConformance]",
)
async def test_changes_are_seen_while_it_runs(world: World) -> None:
    client = world.client
    await client.create(made(ConfigMap, "{metadata: {name: live-c}, data: {k: old}}"))
    await client.create(made(ConfigMap, "{metadata: {name: goes-c}, data: {k: here}}"))
    await client.create(made(Secret, "{metadata: {name: goes-s}, data: {w: aGVyZQ==}}"))
    names = [one["name"] for one in yaml.safe_load(LIVE)["volumes"]]
    container = yaml.safe_dump(
        {"volumeMounts": [{"name": one, "mountPath": f"/v/{one}"} for one in names]}
    )
    await client.create(main_pod("live", "sleep 600", container, LIVE))
    running = await until(client, "live", is_ready)
    look = ("sh", "-c", "cd /v; grep -r '' * 2>/dev/null | sort")

    async def sees(*lines: str) -> None:
        told: list[str] = []
        try:
            async with asyncio.timeout(WAIT_S):
                while not set(lines) <= set(told):
                    told = (await run_in(world.kubelet, running, *look)).splitlines()
        except TimeoutError:
            raise AssertionError(f"{set(lines) - set(told)} not in {told}") from None

    await sees("c/k:old", "pc/k:old", "cd/k:here", "sd/w:here", "pd/k:here", "pd/w:here")
    await client.patch(ConfigMap, Key("default", "live-c"), {"data": {"k": "new"}})
    await client.create(made(ConfigMap, "{metadata: {name: later-c}, data: {k: came}}"))
    await client.create(made(Secret, "{metadata: {name: later-s}, data: {w: Y2FtZQ==}}"))
    change = {"metadata": {"labels": {"x": "y"}, "annotations": {"say": "hi"}}}
    await client.patch(Pod, Key("default", "live"), change)
    await sees("c/k:new", "pc/k:new", "co/k:came", "so/w:came", "po/k:came", "po/w:came")
    await sees('d/l:x="y"', "d/a:hi", 'pj/l:x="y"', "pj/a:hi")
    await client.delete(ConfigMap, Key("default", "goes-c"))
    await client.delete(Secret, Key("default", "goes-s"))
    async with asyncio.timeout(WAIT_S):
        while "here" in await run_in(world.kubelet, running, *look):
            await asyncio.sleep(0.05)


@pytest.mark.conformance(
    "[sig-node] ImageVolume should succeed with pod and pull policy of Always [LinuxOnly] "
    "[MinimumKubeletVersion:1.35]"
)
async def test_the_files_of_an_image_are_a_volume(world: World) -> None:
    mounts = "[{name: i, mountPath: /i}, {name: i, mountPath: /part, subPath: dir}]"
    script = "cat /i/dir/file /part/file; touch /i/x 2>/dev/null || echo refused"
    with serve_registry([archive_of("echo")]) as registry:
        image = {"reference": f"{registry.host}/library/echo:1", "pullPolicy": "Always"}
        volumes = yaml.safe_dump({"volumes": [{"name": "i", "image": image}]})
        told = await shown(world, "image", volumes, {"main": (mounts, script)})
        assert told["main"] == "from an image\nfrom an image\nrefused\n"
        files = world.state / "image-files"
        assert len(list(files.iterdir())) == 1
        await world.kubelet.runtime.remove_unpacked(frozenset())
        assert len(list(files.iterdir())) == 1, "there is still a container that has them"
        await world.client.delete(Pod, Key("default", "image"))
        async with asyncio.timeout(WAIT_S):
            while list(files.iterdir()):
                await world.kubelet.runtime.remove_unpacked(frozenset())
                await asyncio.sleep(0.05)
