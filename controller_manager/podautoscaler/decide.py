"""What an autoscaler does with the proposals of its metrics, and what it tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from controller_manager.podautoscaler.behavior import Past, limited
from controller_manager.podautoscaler.measure import MeasureError, Proposal
from knarr.api import conditions
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscaler,
    HorizontalPodAutoscalerCondition,
    HorizontalPodAutoscalerStatus,
    MetricStatus,
)
from knarr.api.keys import Key
from knarr.api.plan import Notice
from knarr.api.times import to_time

_LIMITS = {
    "TooManyReplicas": "the desired replica count is more than the maximum replica count",
    "TooFewReplicas": "the desired replica count is less than the minimum replica count",
    "ScaleUpLimit": "the desired replica count is increasing faster than the maximum scale rate",
    "ScaleDownLimit": "the desired replica count is decreasing faster than the maximum scale rate",
}


@dataclass
class Decision:
    """The size to give the target, and what to say."""

    autoscaler: HorizontalPodAutoscaler
    past: Past
    now: datetime
    size: int | None = None
    """The new size; None: as it is."""
    reason: str = ""
    notices: list[Notice] = field(default_factory=list)
    status: HorizontalPodAutoscalerStatus = field(init=False)

    def __post_init__(self) -> None:
        self.status = replace(
            self.autoscaler.status, observed_generation=self.autoscaler.metadata.generation or None
        )

    def tell(self, reason: str, message: str, *, is_warning: bool = True) -> None:
        """Record an event."""
        kind = "Warning" if is_warning else "Normal"
        self.notices.append(
            Notice(
                self.autoscaler, reason, message, type="Warning" if kind == "Warning" else "Normal"
            )
        )

    def set(self, kind: str, reason: str, message: str, *, holds: bool) -> None:
        """Set a condition."""
        condition = HorizontalPodAutoscalerCondition(
            type=kind, status="True" if holds else "False", reason=reason, message=message
        )
        changed = conditions.set_condition(self.status.conditions, condition, self.now)
        self.status = replace(self.status, conditions=changed)


Results = Sequence[Proposal | MeasureError]


def begin(
    autoscaler: HorizontalPodAutoscaler, current: int, past: Past, now: datetime
) -> tuple[Decision, bool]:
    """Decide what needs no metrics; answer also whether metrics are to be asked."""
    decision = Decision(
        autoscaler, past if past.recommended else past.recommending(current, now), now
    )
    decision.set(
        "AbleToScale",
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale",
        holds=True,
    )
    low, high = autoscaler.spec.min_replicas, autoscaler.spec.max_replicas
    low = 1 if low is None else low
    if current == 0 and low != 0:
        message = "scaling is disabled since the replica count of the target is zero"
        decision.set("ScalingActive", "ScalingDisabled", message, holds=False)
        decision.status = replace(decision.status, current_replicas=0, desired_replicas=0)
        return decision, False
    if current > high:
        _resize(decision, current, high, "Current number of replicas above Spec.MaxReplicas")
        return decision, False
    if current < low:
        _resize(decision, current, low, "Current number of replicas below Spec.MinReplicas")
        return decision, False
    return decision, True


def unreachable(autoscaler: HorizontalPodAutoscaler, error: str, now: datetime) -> Decision:
    """Say that the target cannot be read."""
    decision = Decision(autoscaler, Past(), now)
    decision.tell("FailedGetScale", error)
    message = f"the HPA controller was unable to get the target's current scale: {error}"
    decision.set("AbleToScale", "FailedGetScale", message, holds=False)
    return decision


def no_selector(decision: Decision, current: int) -> None:
    """Say that the target does not tell which pods are its."""
    decision.tell("SelectorRequired", "selector is required")
    message = "the HPA target's scale is missing a selector"
    decision.set("ScalingActive", "InvalidSelector", message, holds=False)
    _not_computed(decision, current, "selector is required")


def bad_selector(decision: Decision, current: int, error: str) -> None:
    """Say that the target's selector makes no sense."""
    message = "couldn't convert selector into a corresponding internal selector object: " + error
    decision.tell("InvalidSelector", message)
    decision.set("ScalingActive", "InvalidSelector", message, holds=False)
    _not_computed(decision, current, message)


def ambiguous(decision: Decision, current: int, selector: str, rivals: Sequence[Key]) -> None:
    """Say that others scale the same pods."""
    names = " ".join(f"{{{key.name} {key.namespace}}}" for key in rivals)
    message = f"pods by selector {selector} are controlled by multiple HPAs: [{names}]"
    decision.tell("AmbiguousSelector", message)
    decision.set("ScalingActive", "AmbiguousSelector", message, holds=False)
    _not_computed(decision, current, message)


def _not_computed(decision: Decision, current: int, why: str) -> None:
    decision.tell("FailedComputeMetricsReplicas", why)
    decision.status = replace(decision.status, current_replicas=current, current_metrics=())


def judge(decision: Decision, results: Results, current: int) -> Decision:
    """Take the largest proposal, held to the rules; without all metrics only grow."""
    proposals = [each for each in results if isinstance(each, Proposal)]
    errors = [each for each in results if isinstance(each, MeasureError)]
    for error in errors:
        decision.tell(error.reason, str(error))
    found = [
        each.status if isinstance(each, Proposal) else MetricStatus(type="") for each in results
    ]
    decision.status = replace(
        decision.status, current_replicas=current, current_metrics=tuple(found)
    )
    best = max(proposals, key=lambda each: each.replicas, default=None)
    if best is None or (errors and best.replicas < current):
        return _unknown(decision, errors, len(results))
    decision.set(
        "ScalingActive",
        "ValidMetricFound",
        f"the HPA was able to successfully calculate a replica count from {best.name}",
        holds=True,
    )
    decision.past = decision.past.recommending(best.replicas, decision.now)
    bound = limited(decision.autoscaler, best.replicas, current, decision.past, decision.now)
    _tell_bounds(decision, bound.stabilized, bound.limit)
    reason = f"{best.name} above target" if bound.size > current else "All metrics below target"
    _resize(decision, current, bound.size, reason)
    return decision


def _unknown(decision: Decision, errors: Sequence[MeasureError], total: int) -> Decision:
    first = errors[0]
    message = f"the HPA was unable to compute the replica count: {first}"
    decision.set("ScalingActive", first.reason, message, holds=False)
    words = f"invalid metrics ({len(errors)} invalid out of {total}), first error is: "
    decision.tell("FailedComputeMetricsReplicas", words + first.summary)
    return decision


def _tell_bounds(decision: Decision, stabilized: str, limit: str) -> None:
    if stabilized:
        word = "Down" if stabilized == "down" else "Up"
        message = "recent recommendations were higher than current one, applying the highest recent"
        if stabilized == "up":
            message = (
                "recent recommendations were lower than current one, applying the lowest recent"
            )
        decision.set(
            "AbleToScale", f"Scale{word}Stabilized", f"{message} recommendation", holds=True
        )
    else:
        message = "recommended size matches current size"
        decision.set("AbleToScale", "ReadyForNewScale", message, holds=True)
    words = _LIMITS.get(limit, "the desired count is within the acceptable range")
    decision.set("ScalingLimited", limit or "DesiredWithinRange", words, holds=bool(limit))


def _resize(decision: Decision, current: int, size: int, reason: str) -> None:
    decision.status = replace(decision.status, current_replicas=current, desired_replicas=size)
    if size != current:
        decision.size, decision.reason = size, reason


def scaled(decision: Decision, current: int) -> None:
    """Note that the target has its new size."""
    size = decision.size
    assert size is not None, "only a change is noted"
    message = f"the HPA controller was able to update the target scale to {size}"
    decision.set("AbleToScale", "SucceededRescale", message, holds=True)
    words = f"New size: {size}; reason: {decision.reason}"
    decision.tell("SuccessfulRescale", words, is_warning=False)
    decision.past = decision.past.changing(size - current, decision.now)
    decision.status = replace(decision.status, last_scale_time=to_time(decision.now))


def not_scaled(decision: Decision, error: str) -> None:
    """Note that the target could not be given its new size."""
    words = f"New size: {decision.size}; reason: {decision.reason}; error: {error}"
    decision.tell("FailedRescale", words)
    message = f"the HPA controller was unable to update the target scale: {error}"
    decision.set("AbleToScale", "FailedUpdateScale", message, holds=False)
    before = decision.autoscaler.status.desired_replicas
    decision.status = replace(decision.status, desired_replicas=before)
