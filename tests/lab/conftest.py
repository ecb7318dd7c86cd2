"""The lab that the tests are about.

The one that `make lab` started, if it runs; else one of their own, in a network and with
a Docker engine of its own, that is gone afterwards.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.images import make_beforehand
from tests.lab.lab import ROOT, UP_S, Lab, missing, own_network

whole = pytest.mark.skipif(
    os.environ.get("LAB_TESTS") != "whole", reason="takes long: make lab-test has it"
)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    running = Lab(ROOT / "lab/state")
    if (running.state / "kubeconfig").exists() and running.script("compose", "ps", check=False):
        yield running
        return
    reason = missing()
    if reason:
        pytest.skip(reason)
    name = f"knlab{os.getpid()}"
    folder = tmp_path_factory.mktemp("lab")
    made = Lab(folder / "state", _settings(name, folder))
    make_beforehand()  # There is no way to packages from a network of our own.
    with own_network(name):
        try:
            made.script("up", timeout_s=UP_S)
            yield made
        finally:
            made.script("down", timeout_s=UP_S, check=False)
            shutil.rmtree(folder / "engine", ignore_errors=True)


def _settings(name: str, folder: Path) -> dict[str, str]:
    return {
        "LAB_NAME": name,
        "LAB_STATE": str(folder / "state"),
        "LAB_ENV": str(folder / "env"),
        "LAB_ENGINE": str(folder / "engine"),
        "DOCKER_HOST": f"unix://{folder / 'engine/docker.sock'}",
        "REGISTRY": os.environ.get("REGISTRY", "none"),
    }
