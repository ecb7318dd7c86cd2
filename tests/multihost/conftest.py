"""One lab with a cluster for all tests of this folder: starting it is what takes time."""

import sys
from collections.abc import Iterator

import pytest

from tests.images import archive_of
from tests.multihost.cluster import Cluster
from tests.multihost.lab import lab, why_not


@pytest.fixture(scope="session")
def cluster(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Three nodes, the third behind a router."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("lab")
    with lab(folder, 3, apart=(3,), images=archive_of("busybox")) as made:
        cluster = Cluster(made)
        failed = request.session.testsfailed
        try:
            cluster.start()
            yield cluster
        finally:
            if sys.exc_info()[0] is not None or request.session.testsfailed > failed:
                reporter = request.config.pluginmanager.get_plugin("terminalreporter")
                assert reporter is not None, "pytest has one"
                reporter.write_line(cluster.words())
