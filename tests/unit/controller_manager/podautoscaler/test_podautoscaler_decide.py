"""Which size an autoscaler chooses."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller_manager.podautoscaler.behavior import Past, limited
from controller_manager.podautoscaler.decide import begin, judge, scaled
from controller_manager.podautoscaler.measure import MeasureError, Proposal
from knarr.api import conditions
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    CrossVersionObjectReference,
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerBehavior,
    HorizontalPodAutoscalerSpec,
    HPAScalingPolicy,
    HPAScalingRules,
    MetricStatus,
)
from tests.builders import NOW, metadata, seconds_ago


def autoscaler(
    low: int = 1, high: int = 10, behavior: HorizontalPodAutoscalerBehavior | None = None
) -> HorizontalPodAutoscaler:
    return HorizontalPodAutoscaler(
        metadata=metadata("web"),
        spec=HorizontalPodAutoscalerSpec(
            min_replicas=low,
            max_replicas=high,
            behavior=behavior,
            scale_target_ref=CrossVersionObjectReference(kind="Deployment", name="web"),
        ),
    )


def proposal(replicas: int) -> Proposal:
    return Proposal(replicas, "cpu resource", MetricStatus(type="Resource"))


FAILED = MeasureError("FailedGetResourceMetric", "no numbers", "no numbers at all")


@pytest.mark.parametrize(
    ("current", "size", "reason"),
    [
        pytest.param(0, None, "", id="zero means off"),
        pytest.param(12, 10, "Current number of replicas above Spec.MaxReplicas", id="above"),
        pytest.param(1, 2, "Current number of replicas below Spec.MinReplicas", id="below"),
        pytest.param(5, None, "", id="within"),
    ],
)
def test_bounds_need_no_metrics(current: int, size: int | None, reason: str) -> None:
    decision, needs_metrics = begin(autoscaler(low=2), current, Past(), NOW)
    assert (decision.size, decision.reason) == (size, reason)
    assert needs_metrics == (current == 5)


def test_without_numbers_nothing_changes_and_it_is_said() -> None:
    decision, _ = begin(autoscaler(), 2, Past(), NOW)
    judged = judge(decision, [FAILED], 2)
    assert judged.size is None
    found = conditions.find(judged.status.conditions, "ScalingActive")
    assert found is not None
    assert (found.status, found.reason) == ("False", "FailedGetResourceMetric")
    assert [each.reason for each in judged.notices] == [
        "FailedGetResourceMetric",
        "FailedComputeMetricsReplicas",
    ]


def test_with_some_numbers_it_only_grows() -> None:
    decision, _ = begin(autoscaler(), 2, Past(), NOW)
    assert judge(decision, [FAILED, proposal(1)], 2).size is None
    decision, _ = begin(autoscaler(), 2, Past(), NOW)
    assert judge(decision, [FAILED, proposal(3)], 2).size == 3


def test_a_change_is_told() -> None:
    decision, _ = begin(autoscaler(), 2, Past(), NOW)
    judged = judge(decision, [proposal(4)], 2)
    scaled(judged, 2)
    assert judged.notices[-1].message == "New size: 4; reason: cpu resource above target"
    assert judged.past.changed == ((NOW, 2),)


def test_it_shrinks_only_when_it_would_have_for_a_while() -> None:
    past = Past(recommended=((seconds_ago(200), 8), (NOW, 2)))
    assert limited(autoscaler(), 2, 8, past, NOW).size == 8
    later = NOW + timedelta(seconds=200)
    assert limited(autoscaler(), 2, 8, past, later).size == 2


def rules(kind: str, value: int, select: str = "Max") -> HPAScalingRules:
    policy = HPAScalingPolicy(type=kind, value=value, period_seconds=60)
    return HPAScalingRules(policies=(policy,), select_policy=select, stabilization_window_seconds=0)


@pytest.mark.parametrize(
    ("up", "current", "asked", "size"),
    [
        pytest.param(rules("Pods", 2), 3, 10, 5, id="so many pods"),
        pytest.param(rules("Percent", 50), 4, 10, 6, id="so many percent"),
        pytest.param(rules("Pods", 2, "Disabled"), 3, 10, 3, id="not at all"),
    ],
)
def test_policies(up: HPAScalingRules, current: int, asked: int, size: int) -> None:
    behavior = HorizontalPodAutoscalerBehavior(scale_up=up)
    found = limited(autoscaler(behavior=behavior), asked, current, Past(), NOW)
    assert found.size == size


def test_what_was_added_in_the_period_counts() -> None:
    behavior = HorizontalPodAutoscalerBehavior(scale_up=rules("Pods", 2))
    past = Past(changed=((seconds_ago(30), 2),))
    assert limited(autoscaler(behavior=behavior), 10, 5, past, NOW).size == 5


@given(asked=st.integers(0, 50), current=st.integers(1, 20), low=st.integers(1, 5))
def test_the_size_stays_within_bounds(asked: int, current: int, low: int) -> None:
    high = 20
    current = max(current, low)
    found = limited(autoscaler(low, high), asked, current, Past(), NOW)
    assert low <= found.size <= high
    assert (found.size - current) * (asked - current) >= 0, "never against what is asked"


@pytest.mark.parametrize(
    ("current", "asked", "size", "limit"),
    [
        pytest.param(1, 10, 4, "ScaleUpLimit", id="up to four at once"),
        pytest.param(3, 10, 6, "ScaleUpLimit", id="or twice as many"),
        pytest.param(6, 20, 10, "TooManyReplicas", id="no more than allowed"),
        pytest.param(3, 5, 5, "", id="less is as asked"),
    ],
)
def test_growth_without_rules(current: int, asked: int, size: int, limit: str) -> None:
    found = limited(autoscaler(), asked, current, Past(), NOW)
    assert (found.size, found.limit) == (size, limit)


def test_what_was_removed_in_the_period_may_be_added_again() -> None:
    behavior = HorizontalPodAutoscalerBehavior(scale_up=rules("Pods", 2))
    past = Past(changed=((seconds_ago(30), -3),))
    assert limited(autoscaler(behavior=behavior), 10, 3, past, NOW).size == 8


@pytest.mark.parametrize(
    ("select", "size"),
    [
        pytest.param("Max", 4, id="the largest change"),
        pytest.param("Min", 8, id="the smallest change"),
        pytest.param("Disabled", 10, id="none"),
    ],
)
def test_the_policy_that_counts(select: str, size: int) -> None:
    policies = (
        HPAScalingPolicy(type="Pods", value=2, period_seconds=60),
        HPAScalingPolicy(type="Percent", value=60, period_seconds=60),
    )
    down = HPAScalingRules(policies=policies, select_policy=select, stabilization_window_seconds=0)
    found = limited(
        autoscaler(behavior=HorizontalPodAutoscalerBehavior(scale_down=down)), 1, 10, Past(), NOW
    )
    assert found.size == size
    assert found.limit == "ScaleDownLimit"


def test_growth_waits_until_it_was_asked_for_a_while() -> None:
    up = HPAScalingRules(policies=rules("Pods", 10).policies, stabilization_window_seconds=60)
    past = Past(recommended=((seconds_ago(30), 3),))
    found = limited(
        autoscaler(behavior=HorizontalPodAutoscalerBehavior(scale_up=up)), 8, 2, past, NOW
    )
    assert (found.size, found.stabilized) == (3, "up")
