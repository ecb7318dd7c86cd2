"""What all tests share."""

import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.dockerd import Dockerd, missing
from tests.images import archive_of

# Without this the first test that asks for the main thread's loop makes one nobody closes.
asyncio.set_event_loop(None)

# How long an example takes says more of the machine than of the code.
settings.register_profile("knarr", deadline=None)
settings.load_profile("knarr")


@pytest.fixture(scope="session")
def dockerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dockerd]:
    """A Docker engine with busybox, for the whole run; tests leave no containers in it."""
    reason = missing()
    if reason:
        pytest.skip(reason)
    engine = Dockerd(tmp_path_factory.mktemp("dockerd"))
    engine.start()
    try:
        engine.load(archive_of("busybox"))
        yield engine
        engine.clean()
    finally:
        engine.stop()
