"""In which order pods end, and how long they get, when the machine stops."""

import pytest

from knarr.daemon.settings import SettingsError
from kubelet.__main__ import flags, options_of
from kubelet.node.shutdown import ShutdownOptions, group_of

TWO = ShutdownOptions(grace_s=30, critical_grace_s=10)
THREE = ShutdownOptions(by_priority={100: 5, 0: 20, 2_000_000_000: 1})


@pytest.mark.parametrize(
    ("options", "priority", "group"),
    [
        pytest.param(TWO, 0, (0, 20), id="an ordinary one"),
        pytest.param(TWO, 2_000_000_000, (2_000_000_000, 10), id="a critical one"),
        pytest.param(TWO, -5, (0, 20), id="below all is with the first"),
        pytest.param(THREE, 99, (0, 20), id="below the second"),
        pytest.param(THREE, 100, (100, 5), id="at its bound"),
        pytest.param(THREE, 2_000_001_000, (2_000_000_000, 1), id="above all bounds"),
    ],
)
def test_a_pod_ends_with_its_group(
    options: ShutdownOptions, priority: int, group: tuple[int, float]
) -> None:
    assert options.groups[group_of(priority, options)] == group


def test_who_says_nothing_ends_nobody() -> None:
    assert ShutdownOptions().groups == ()
    assert ShutdownOptions().total_s == 0


BASE = ["--address", "127.0.0.1", "--node-ip", "10.0.0.1", "--server", "127.0.0.1:1"]


def test_flags_say_how_long() -> None:
    words = "--shutdown-grace-period-by-pod-priority=0=30s,1000=1m"
    assert options_of(flags().read([*BASE, words], {})).shutdown.groups == [(0, 30), (1000, 60)]


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["--shutdown-grace-period-critical-pods=9s"], id="more than there is"),
        pytest.param(["--shutdown-grace-period-by-pod-priority=x=9s"], id="no number"),
        pytest.param(
            ["--shutdown-grace-period=9s", "--shutdown-grace-period-by-pod-priority=0=9s"],
            id="both",
        ),
    ],
)
def test_flags_that_contradict(words: list[str]) -> None:
    with pytest.raises(SettingsError):
        options_of(flags().read([*BASE, *words], {}))
