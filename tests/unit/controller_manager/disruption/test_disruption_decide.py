"""How many pods of a budget may go."""

import pytest
from msgspec.structs import replace

from controller_manager.disruption.decide import decide
from knarr.api.core.pod import Pod
from knarr.api.meta.selector import LabelSelector
from knarr.api.plan import Plan
from knarr.api.policy.pod_disruption_budget import (
    PodDisruptionBudget,
    PodDisruptionBudgetSpec,
)
from knarr.api.scalars import IntOrString
from knarr.api.times import to_time
from tests.builders import NOW, metadata, pod, replica_set, seconds_ago

OWNER = replica_set(4)
SIZES = {OWNER.metadata.uid: 4}


def budget(
    *, least: IntOrString | None = None, most: IntOrString | None = None
) -> PodDisruptionBudget:
    selector = LabelSelector(match_labels={"app": "web"})
    spec = PodDisruptionBudgetSpec(min_available=least, max_unavailable=most, selector=selector)
    return PodDisruptionBudget(metadata=metadata("pdb"), spec=spec)


def pods(ready: int, unready: int = 0) -> list[Pod]:
    return [pod(f"p{n}", owner=OWNER, ready=n < ready) for n in range(ready + unready)]


def told(plan: Plan) -> tuple[int, int, int, int]:
    assert isinstance(plan.status, PodDisruptionBudget)
    status = plan.status.status
    return (
        status.expected_pods,
        status.desired_healthy,
        status.current_healthy,
        status.disruptions_allowed,
    )


@pytest.mark.parametrize(
    ("found", "there", "expected"),
    [
        pytest.param(budget(least=2), pods(3), (3, 2, 3, 1), id="so many must be there"),
        pytest.param(budget(least="50%"), pods(3), (4, 2, 3, 1), id="a share of those wanted"),
        pytest.param(budget(most=1), pods(3, 1), (4, 3, 3, 0), id="so many may be missing"),
        pytest.param(budget(most="26%"), pods(4), (4, 2, 4, 2), id="a share, rounded up"),
        pytest.param(budget(least=2), [], (0, 2, 0, 0), id="without pods none may go"),
    ],
)
def test_counts(
    found: PodDisruptionBudget, there: list[Pod], expected: tuple[int, int, int, int]
) -> None:
    assert told(decide(found, there, SIZES, now=NOW)) == expected


def test_pods_on_their_way_out_are_missing() -> None:
    evicted = {"p0": to_time(seconds_ago(5)), "p1": to_time(seconds_ago(500)), "gone": "x"}
    found = budget(least=2)
    found = replace(found, status=replace(found.status, disrupted_pods=evicted))
    plan = decide(found, pods(3), SIZES, now=NOW)
    assert told(plan) == (3, 2, 2, 0)
    assert isinstance(plan.status, PodDisruptionBudget)
    assert list(plan.status.status.disrupted_pods) == ["p0"], "the others went, or never will"
    assert plan.again_after_s is not None


def test_pods_without_a_controller_are_told_of() -> None:
    plan = decide(budget(most="50%"), [pod("bare")], {}, now=NOW)
    assert told(plan) == (0, 0, 1, 0)
    (notice,) = plan.notices
    assert notice.message.startswith(
        "Pods selected by this PodDisruptionBudget (selector: &LabelSelector{MatchLabels:"
        "map[string]string{app: web,},MatchExpressions:[]LabelSelectorRequirement{},}) were"
    )
