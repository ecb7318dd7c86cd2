"""What a Job's podFailurePolicy says of a failed pod, and when its successPolicy is met."""

from collections.abc import Iterator

from msgspec import Struct

from controller_manager.job.indexes import Indexes, parse
from knarr.api.batch.job import (
    Job,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyRule,
    SuccessPolicyRule,
)
from knarr.api.core.pod import Pod


class Judgement(Struct, frozen=True):
    """What becomes of a failure."""

    action: str = "Count"
    """Count, Ignore, FailIndex or FailJob."""
    message: str = ""
    """Why the whole Job fails; only with FailJob."""

    @property
    def counts(self) -> bool:
        """Whether the failure counts towards the limits."""
        return self.action != "Ignore"


_COUNTS = Judgement()


def judge(job: Job, pod: Pod) -> Judgement:
    """What the Job's policy says of this failed pod: its first rule that fits."""
    policy = job.spec.pod_failure_policy
    for number, rule in enumerate(policy.rules if policy is not None else ()):
        found = _by_exit_code(rule, pod) or _by_condition(rule, pod)
        if found:
            message = f"{found} matching {rule.action} rule at index {number}"
            return Judgement(rule.action, message if rule.action == "FailJob" else "")
    return _COUNTS


def _by_exit_code(rule: PodFailurePolicyRule, pod: Pod) -> str:
    requirement = rule.on_exit_codes
    if requirement is None:
        return ""
    for name, code in _exit_codes(pod):
        if requirement.container_name in (None, name) and _fits(requirement, code):
            place = f"{pod.metadata.namespace}/{pod.metadata.name}"
            return f"Container {name} for pod {place} failed with exit code {code}"
    return ""


def _exit_codes(pod: Pod) -> Iterator[tuple[str, int]]:
    """The containers that failed, with how."""
    for status in (*pod.status.container_statuses, *pod.status.init_container_statuses):
        ended = status.state.terminated
        if ended is not None and ended.exit_code != 0:
            yield status.name, ended.exit_code


def _fits(requirement: PodFailurePolicyOnExitCodesRequirement, code: int) -> bool:
    is_listed = code in requirement.values
    return is_listed if requirement.operator == "In" else not is_listed


def _by_condition(rule: PodFailurePolicyRule, pod: Pod) -> str:
    for pattern in rule.on_pod_conditions:
        for condition in pod.status.conditions:
            if (condition.type, condition.status) == (pattern.type, pattern.status or "True"):
                place = f"{pod.metadata.namespace}/{pod.metadata.name}"
                return f"Pod {place} has condition {condition.type}"
    return ""


def met_rule(job: Job, succeeded: Indexes) -> int | None:
    """The number of the first rule of the success policy that is met, or None."""
    policy = job.spec.success_policy
    if policy is None or not succeeded.total:
        return None
    completions = job.spec.completions or 0
    for number, rule in enumerate(policy.rules):
        if _is_met(rule, succeeded, completions):
            return number
    return None


def _is_met(rule: SuccessPolicyRule, succeeded: Indexes, completions: int) -> bool:
    if rule.succeeded_indexes is None:
        return rule.succeeded_count is not None and succeeded.total >= rule.succeeded_count
    wanted = parse(rule.succeeded_indexes, completions)
    needed = wanted.total if rule.succeeded_count is None else rule.succeeded_count
    return succeeded.common(wanted) >= needed
