"""How many replicas measured values call for."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.podautoscaler.api_metrics import seconds
from controller_manager.podautoscaler.metrics import Measured, MetricsError
from controller_manager.podautoscaler.replicas import (
    Sorted,
    Tolerance,
    by_average,
    by_share,
    by_utilization,
    by_value,
    sort_pods,
)
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.times import to_time
from tests.builders import NOW, pod, seconds_ago


def counted(*values: int) -> Sorted:
    return Sorted({f"p{i}": value for i, value in enumerate(values)})


def requests(count: int) -> Mapping[str, int]:
    return {f"p{i}": 100 for i in range(count)}


@pytest.mark.parametrize(
    ("used", "target", "current", "wanted"),
    [
        pytest.param([100, 100], 50, 2, 4, id="twice the target, twice the pods"),
        pytest.param([50, 50], 50, 2, 2, id="on target"),
        pytest.param([54, 54], 50, 2, 2, id="within the tolerance"),
        pytest.param([10, 10], 50, 2, 1, id="less"),
    ],
)
def test_utilization(used: list[int], target: int, current: int, wanted: int) -> None:
    found = by_utilization(counted(*used), requests(2), target=target, current=current)
    assert found.replicas == wanted


def test_an_own_tolerance_holds_in_its_direction() -> None:
    strict = Tolerance(up=0.01, down=0.9)
    assert by_average(counted(105, 105), target=100, current=2, tolerance=strict).replicas == 3
    assert by_average(counted(20, 20), target=100, current=2, tolerance=strict).replicas == 2


def test_pods_that_are_not_ready_count_as_idle_when_growing() -> None:
    found = Sorted({"a": 250}, unready=["b"])
    assert by_average(found, target=100, current=2).replicas == 3
    assert by_average(Sorted({"a": 150}, unready=["b"]), target=100, current=2).replicas == 2


def test_pods_without_numbers_count_as_busy_when_shrinking() -> None:
    found = Sorted({"a": 10}, missing=["b"])
    assert by_average(found, target=100, current=2).replicas == 2
    found = Sorted({"a": 10, "b": 10}, missing=["c"])
    asked = dict.fromkeys("abc", 100)
    assert by_utilization(found, asked, target=80, current=3).replicas == 2
    assert by_average(found, target=100, current=3).replicas == 2


def test_without_matching_requests_there_is_no_utilization() -> None:
    with pytest.raises(MetricsError, match="matched known pods"):
        by_utilization(counted(5), {}, target=50, current=1)


def test_one_value() -> None:
    pods = [pod("a"), pod("b")]
    assert by_value(300, pods, target=100, current=2).replicas == 6
    assert by_value(300, [], target=100, current=0).replicas == 3


def test_a_share_of_one_value() -> None:
    found = by_share(500, target=100, current=2)
    assert (found.replicas, found.average) == (5, 250)


def started(seconds_since: int, ready: str, changed_s: int) -> Pod:
    condition = PodCondition(
        type="Ready", status=ready, last_transition_time=to_time(seconds_ago(changed_s))
    )
    made = pod("a")
    status = replace(
        made.status, start_time=to_time(seconds_ago(seconds_since)), conditions=(condition,)
    )
    return replace(made, status=status)


@pytest.mark.parametrize(
    ("of", "counts"),
    [
        pytest.param(started(60, "False", 50), False, id="young and not ready"),
        pytest.param(started(60, "True", 10), False, id="its window began before it was ready"),
        pytest.param(started(60, "True", 40), True, id="young, measured since it was ready"),
        pytest.param(started(900, "False", 895), False, id="old and never ready"),
        pytest.param(started(900, "False", 100), True, id="old and ready once"),
    ],
)
def test_processor_time_of_a_starting_pod_does_not_count(of: Pod, *, counts: bool) -> None:
    values = {"a": Measured(100, NOW, 30.0)}
    found = sort_pods(values, [of], NOW, cpu=True)
    assert ("a" in found.values) == counts
    assert ("a" in found.unready) != counts
    assert sort_pods(values, [of], NOW, cpu=False).values == {"a": 100}


def test_pods_are_told_apart() -> None:
    pods = [pod("a"), pod("b", "Pending"), pod("c", "Failed"), pod("d")]
    found = sort_pods({"a": Measured(1), "c": Measured(2)}, pods, NOW, cpu=False)
    assert (found.values, found.unready, found.missing) == ({"a": 1}, ["b"], ["d"])


@given(
    values=st.lists(st.integers(0, 500), min_size=1, max_size=8),
    missing=st.integers(0, 3),
    unready=st.integers(0, 3),
)
def test_guesses_never_turn_the_direction(values: list[int], missing: int, unready: int) -> None:
    found = counted(*values)
    found.missing = [f"m{i}" for i in range(missing)]
    found.unready = [f"u{i}" for i in range(unready)]
    current = len(values) + missing + unready
    size = by_average(found, target=100, current=current).replicas
    ratio = sum(values) // len(values) / 100
    if found.missing or (found.unready and ratio > 1):
        assert not (ratio < 1 and size > current)
        assert not (ratio > 1 and size < current)


@pytest.mark.parametrize(
    ("window", "length"), [("15.03s", 15.03), ("1m0s", 60.0), ("", 60.0), ("x", 60.0)]
)
def test_windows(window: str, length: float) -> None:
    assert seconds(window) == length
