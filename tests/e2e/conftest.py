"""A cluster for a whole module of tests."""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.cluster import Cluster


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(f"test{os.getpid()}", tmp_path_factory.mktemp("cluster"))
    made.up()
    yield made
    made.knarr("delete", "--name", made.name)
