"""One lab with a cluster for all tests of this folder: starting it is what takes time."""

import sys
from collections.abc import Iterator

import pytest

from tests.images import archive_of
from tests.multihost.cluster import Cluster
from tests.multihost.lab import lab, why_not

TWO, THREE = "two hosts", "three hosts"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What Kubernetes demands is looked at on two hosts as well."""
    if "cluster" in metafunc.fixturenames:
        is_both = any(metafunc.definition.iter_markers("conformance"))
        sizes = [TWO, THREE] if is_both else [THREE]
        metafunc.parametrize("cluster", sizes, indirect=True, scope="session")


@pytest.fixture(scope="session")
def started(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """A control host that leads, and three that may join it, the third behind a router."""
    reason = why_not()
    if reason:
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("lab")
    with lab(folder, 3, apart=(3,), images=archive_of("busybox")) as made:
        cluster = Cluster(made, using=0)
        failed = request.session.testsfailed
        try:
            cluster.start()
            yield cluster
        finally:
            if sys.exc_info()[0] is not None or request.session.testsfailed > failed:
                reporter = request.config.pluginmanager.get_plugin("terminalreporter")
                assert reporter is not None, "pytest has one"
                reporter.write_line(cluster.words())


@pytest.fixture(scope="session")
def cluster(request: pytest.FixtureRequest, started: Cluster) -> Cluster:
    """Two nodes on one link, or these and the third; a node that has joined stays."""
    started.grow(2 if request.param == TWO else 3)
    return started
