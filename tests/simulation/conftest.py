"""Which seeds are simulated: `pytest tests/simulation --seed 17` replays one, with its logs."""

import logging
from collections.abc import Iterator

import pytest
import structlog

SEEDS = 200

TURNS = 3
"""Every seed tells of rollouts, and of the others one: those of the modules take turns."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, default=None, help="simulate this seed only")
    parser.addoption("--seeds", type=int, default=SEEDS, help="simulate so many seeds")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        one = metafunc.config.getoption("--seed")
        many = range(metafunc.config.getoption("--seeds"))
        turn = getattr(metafunc.module, "TURN", None)
        seeds = [
            seed
            for seed in ([one] if one is not None else many)
            if turn is None or seed % TURNS == turn
        ]
        metafunc.parametrize("seed", seeds)


@pytest.fixture(autouse=True)
def _logs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep quiet unless one seed is replayed: logs cost more than the simulation."""
    level = logging.DEBUG if request.config.getoption("--seed") is not None else logging.CRITICAL
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    yield
    structlog.reset_defaults()
