"""One node on a Docker engine for all tests of a module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from msgspec import Struct

from knarr.cluster.in_process import InProcessClient
from kubelet.kubelet import Kubelet
from tests.component.kubelet.lab import api, docker_node
from tests.dockerd import Dockerd
from tests.images import archive_of


class World(Struct):
    """Where pods run."""

    client: InProcessClient
    kubelet: Kubelet
    engine: Dockerd
    state: Path
    """Where the kubelet keeps its things."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(dockerd: Dockerd, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A node in Docker that has the image `echo:1` too."""
    dockerd.load(archive_of("echo"))
    state = tmp_path_factory.mktemp("world")
    async with api() as client, docker_node(client, dockerd, state, restart_max_s=1.0) as kubelet:
        yield World(client, kubelet, dockerd, state)
    dockerd.clean()
