"""Pods from files run without an API server; where there is one it shows them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.cluster.in_process import InProcessClient
from kubelet.static.manifest import MIRROR, ManifestError, is_mirror, static_pod
from tests.builders import NOW
from tests.component.kubelet.lab import NODE, WAIT_S, api, is_ready, process_node, until

MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: main, image: "busybox:1.28", command: [sleep, "%d"]}
"""
NAME = f"web-{NODE}"


@pytest.fixture
async def client() -> AsyncIterator[InProcessClient]:
    async with api() as made:
        yield made


async def test_a_file_is_a_pod_until_it_goes(client: InProcessClient, tmp_path: Path) -> None:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    async with process_node(client, tmp_path, manifests=manifests) as kubelet:
        (manifests / "web.yaml").write_text(MANIFEST % 600)
        first = await until(client, NAME, is_ready)
        assert is_mirror(first)
        assert first.metadata.owner_references[0].kind == "Node"
        (runs,) = await kubelet.runtime.pods()
        container = runs.containers[0].id

        await client.delete(Pod, Key("default", NAME))
        again = await until(
            client, NAME, lambda one: one.metadata.uid != first.metadata.uid and is_ready(one)
        )
        (runs,) = await kubelet.runtime.pods()
        assert runs.containers[0].id == container, "the mirror went, the pod did not"

        (manifests / "web.yaml").write_text(MANIFEST % 601)
        mark = again.metadata.annotations[MIRROR]
        other = await until(
            client, NAME, lambda one: one.metadata.annotations[MIRROR] != mark and is_ready(one)
        )
        assert other.spec.containers[0].command == ("sleep", "601")
        (runs,) = await kubelet.runtime.pods()
        assert runs.containers[0].id != container

        (manifests / "web.yaml").unlink()
        async with asyncio.timeout(WAIT_S):
            while await kubelet.runtime.pods() or (await client.list(Pod)).items:
                await asyncio.sleep(0.05)


async def test_a_kubelet_that_comes_back_keeps_the_mirror(
    client: InProcessClient, tmp_path: Path
) -> None:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "web.yaml").write_text(MANIFEST % 600)
    uids = []
    for _ in range(2):
        async with process_node(client, tmp_path, manifests=manifests):
            uids.append((await until(client, NAME, is_ready)).metadata.uid)
    assert uids[0] == uids[1]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{", id="not YAML"),
        pytest.param("kind: Service", id="another kind"),
        pytest.param("{kind: Pod, metadata: {name: web}, spec: {containers: []}}", id="empty"),
        pytest.param("{kind: Pod, spec: {containers: 5}}", id="wrong types"),
    ],
)
def test_what_is_no_pod_is_refused(text: str) -> None:
    with pytest.raises(ManifestError):
        static_pod(text, NODE, NOW)


def test_another_text_is_another_pod() -> None:
    uids = {static_pod(MANIFEST % seconds, NODE, NOW).metadata.uid for seconds in (1, 1, 2)}
    assert len(uids) == 2
