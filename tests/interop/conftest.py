"""One cluster a module, and a namespace a test."""

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.interop.binaries import binaries, releases
from tests.interop.cluster import Cluster, Kubectl, cluster

_NUMBERS = itertools.count(1)

_CLIENTS_MANNERS = (
    "ignore::ResourceWarning",
    "ignore::DeprecationWarning",
    "ignore:Kubernetes version:UserWarning",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "ignore::pytest.PytestUnhandledThreadExceptionWarning",
)
"""Clients leave sockets open and threads running; that is not ours to mend."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let clients be as they are."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            for manner in _CLIENTS_MANNERS:
                item.add_marker(pytest.mark.filterwarnings(manner))


_STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Remember what came of the run."""
    session.config.stash[_STATUS] = exitstatus


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """End with it and at once: threads that clients left abort an interpreter that tidies up."""
    status = config.stash.get(_STATUS, None)
    if status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of one node whose containers are processes."""
    with cluster(tmp_path_factory.mktemp("c"), "--runtime", "process") as found:
        yield found


@pytest.fixture
def namespace(running: Cluster) -> str:
    """One of the test's own."""
    name = f"t{next(_NUMBERS)}"
    newest = binaries(releases()[-1])
    running.run(newest.kubectl, "create", "namespace", name)
    return name


@pytest.fixture(params=releases())
def kubectl(request: pytest.FixtureRequest, running: Cluster, namespace: str) -> Kubectl:
    """kubectl, the oldest and the newest."""
    return Kubectl(running, binaries(request.param), namespace)


@pytest.fixture
def newest(running: Cluster, namespace: str) -> Kubectl:
    """The newest kubectl."""
    return Kubectl(running, binaries(releases()[-1]), namespace)


@pytest.fixture
def apply(newest: Kubectl) -> Callable[[str], str]:
    """Applies a manifest."""
    return lambda manifest: newest("apply", "-f", "-", stdin=manifest)
