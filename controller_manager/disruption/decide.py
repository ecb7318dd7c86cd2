"""How many pods of a budget may be missing right now."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from controller_manager.deployment.bounds import scaled
from controller_manager.spelled import spelled
from knarr.api.conditions import set_condition
from knarr.api.core.pod import Pod
from knarr.api.meta.condition import Condition
from knarr.api.owners import controller_of
from knarr.api.plan import Notice, Plan
from knarr.api.pods import is_ready
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget
from knarr.api.times import parse

EVICTION_SEEN_WITHIN_S = 120.0
"""A pod whose eviction was allowed and that is still there after this was not evicted."""


def decide(
    budget: PodDisruptionBudget,
    pods: Sequence[Pod],
    sizes: Mapping[str, int],
    *,
    now: datetime,
) -> Plan:
    """Count the pods a budget selects. `sizes`: wanted pods by the uid of who controls them.

    Controllers that stand for a larger one, as a ReplicaSet for its Deployment,
    have the larger one's size; those of unknown size are left out.
    """
    expected, desired, unmanaged = _expected(budget, pods, sizes)
    disrupted = _still_awaited(budget, pods, now)
    healthy = sum(
        is_ready(pod)
        and pod.metadata.deletion_timestamp is None
        and pod.metadata.name not in disrupted
        for pod in pods
    )
    allowed = max(0, healthy - desired) if expected > 0 else 0
    status = replace(
        budget.status,
        observed_generation=budget.metadata.generation,
        expected_pods=expected,
        desired_healthy=desired,
        current_healthy=healthy,
        disruptions_allowed=allowed,
        disrupted_pods=disrupted,
        conditions=set_condition(
            budget.status.conditions, _condition(budget, allowed=allowed > 0), now
        ),
    )
    return Plan(
        status=None if status == budget.status else replace(budget, status=status),
        notices=(_unmanaged(budget),) if unmanaged else (),
        again_after_s=EVICTION_SEEN_WITHIN_S if disrupted else None,
    )


def _expected(
    budget: PodDisruptionBudget, pods: Sequence[Pod], sizes: Mapping[str, int]
) -> tuple[int, int, bool]:
    """How many pods there should be and must be, and whether nobody controls some of them."""
    least, most = budget.spec.min_available, budget.spec.max_unavailable
    if isinstance(least, int):
        return len(pods), least, False
    if least is None and most is None:
        return 0, 0, False
    controllers = {owner.uid for pod in pods if (owner := controller_of(pod)) is not None}
    expected = sum(sizes.get(uid, 0) for uid in sorted(controllers))
    unmanaged = any(controller_of(pod) is None for pod in pods)
    if least is not None:
        return expected, scaled(least, expected, up=True), unmanaged
    return expected, max(0, expected - scaled(most, expected, up=True)), unmanaged


def _still_awaited(
    budget: PodDisruptionBudget, pods: Sequence[Pod], now: datetime
) -> dict[str, str]:
    """The pods whose eviction was allowed and that are still to go."""
    staying = {pod.metadata.name for pod in pods if pod.metadata.deletion_timestamp is None}
    limit = now - timedelta(seconds=EVICTION_SEEN_WITHIN_S)
    return {
        name: at
        for name, at in budget.status.disrupted_pods.items()
        if name in staying and parse(at) > limit
    }


def _condition(budget: PodDisruptionBudget, *, allowed: bool) -> Condition:
    return Condition(
        type="DisruptionAllowed",
        status="True" if allowed else "False",
        reason="SufficientPods" if allowed else "InsufficientPods",
        message="",
        observed_generation=budget.metadata.generation,
        last_transition_time="",
    )


def _unmanaged(budget: PodDisruptionBudget) -> Notice:
    message = (
        "Pods selected by this PodDisruptionBudget (selector: "
        f"{spelled(budget.spec.selector)}) were found to be unmanaged. As a result, the status of "
        "the PDB cannot be calculated correctly, which may result in undefined behavior. To "
        'account for these pods please set ".spec.minAvailable" field of the PDB to an integer '
        "value."
    )
    return Notice(budget, "UnmanagedPods", message, type="Warning")
