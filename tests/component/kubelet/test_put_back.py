"""A store that is put back brings pods back that were being deleted."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from apiserver.storage.open import open_store
from apiserver.storage.store import Store
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.daemon.clock import SystemClock
from tests.component.kubelet.lab import WAIT_S, api_on, docker_node, is_ready, main_pod, says, until
from tests.dockerd import Dockerd

PLACE = "/registry/pods/default/back"
SLOW_TO_END = "trap 'echo told' TERM; echo began; while :; do sleep 0.1; done"
ALWAYS = "{restartPolicy: Always, terminationGracePeriodSeconds: 2}"


@pytest.fixture
def engine(dockerd: Dockerd) -> Iterator[Dockerd]:
    yield dockerd
    dockerd.clean()


@pytest.mark.parametrize("is_ending", [True, False], ids=["while it ends", "after it ended"])
async def test_a_pod_whose_deletion_was_undone_runs_again(
    engine: Dockerd, tmp_path: Path, *, is_ending: bool
) -> None:
    async with (
        open_store("memory://", SystemClock()) as store,
        api_on(store) as client,
        docker_node(client, engine, tmp_path) as kubelet,
    ):
        await client.create(main_pod("back", SLOW_TO_END, spec=ALWAYS))
        before = await until(client, "back", is_ready)
        old = _container(before)
        await says(kubelet, before, "began")
        kept = await store.get(PLACE)
        assert kept is not None
        await client.delete(Pod, Key("default", "back"))
        await (says(kubelet, before, "told") if is_ending else _gone(store))
        await _put(store, kept.value)
        await until(client, "back", lambda pod: is_ready(pod) and _container(pod) != old)


async def _gone(store: Store) -> None:
    async with asyncio.timeout(WAIT_S):
        while await store.get(PLACE) is not None:
            await asyncio.sleep(0.02)


async def _put(store: Store, value: bytes) -> None:
    there = await store.get(PLACE)
    if there is None:
        await store.create(PLACE, value)
    else:
        await store.update(PLACE, value, expected=there.revision)


def _container(pod: Pod) -> str:
    (one,) = pod.status.container_statuses
    return one.container_id
