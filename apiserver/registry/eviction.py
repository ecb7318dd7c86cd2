"""The `eviction` subresource: a delete that asks the disruption budgets first."""

from typing import Any

from msgspec.structs import replace
from msgspec.structs import replace as changed

from apiserver.registry import failures, remove, write
from apiserver.registry.core import Core
from apiserver.registry.parts import with_meta
from apiserver.registry.pod_binding import SUCCESS
from apiserver.registry.request import Answer, Request
from apiserver.storage.entry import Entry
from knarr.api import conditions, selectors, times
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodCondition
from knarr.api.errors import (
    ApiError,
    BadRequestError,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
)
from knarr.api.meta.options import DeleteOptions
from knarr.api.meta.status import StatusCause, StatusDetails
from knarr.api.policy.eviction import Eviction
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget

BUDGET_TRIES_MAX = 10
"""Attempts at taking one from a budget that others take from too."""

DISRUPTED_PODS_MAX = 2000
"""Evictions that a budget remembers at once."""

RETRY_AFTER_S = 10
"""When to ask again while a budget is not yet counted."""

_VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget."


async def evict(core: Core, request: Request, eviction: Eviction) -> Answer:
    """Evict a pod. Raise TooManyRequestsError when its budget does not allow it now."""
    if eviction.metadata.name != request.name:
        raise BadRequestError("name in URL does not match name in Eviction object")
    options = eviction.delete_options or DeleteOptions()
    if request.dry_run or options.dry_run:
        request = changed(request, dry_run=True)
    remove.check_options(options)
    pods = core.resource_of(request.kind)
    entry = await core.newest(pods, pods.key(request.namespace, request.name))
    if entry is None:
        raise failures.not_found(request.kind, request.name)
    pod = entry.object
    assert isinstance(pod, Pod), "only pods are evicted"
    remove.check_preconditions(request.kind, entry, options)
    if not _goes_anyway(pod):
        await _take_from_budget(core, request, pod)
    await _note(core, request)
    plain = changed(request, subresource="")
    await remove.delete(core, plain, pods, options)
    return Answer(kind=request.kind, status=SUCCESS, created=True)


def _goes_anyway(pod: Pod) -> bool:
    """Whether a pod serves nobody, so that no budget counts it."""
    return (
        pod.status.phase in ("Succeeded", "Failed", "Pending")
        or pod.metadata.deletion_timestamp is not None
    )


async def _take_from_budget(core: Core, request: Request, pod: Pod) -> None:
    budgets = [
        budget
        for budget in core.list(PodDisruptionBudget, request.namespace)
        if budget.spec.selector is not None
        and selectors.from_object(budget.spec.selector).matches(pod.metadata.labels)
    ]
    if not budgets:
        return
    if len(budgets) > 1:
        raise ApiError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does "
            "not support."
        )
    budget: PodDisruptionBudget | None = budgets[0]
    for _ in range(BUDGET_TRIES_MAX):
        if budget is None or _ignores_unhealthy(budget, pod):
            return
        less = _one_less(core, budget, pod)
        if request.dry_run or await core.write_status(less):
            return
        meta = budget.metadata
        budget = await core.get_live(PodDisruptionBudget, meta.namespace, meta.name)
    raise _not_now("couldn't update the disruption budget", retry_after_s=RETRY_AFTER_S)


def _ignores_unhealthy(budget: PodDisruptionBudget, pod: Pod) -> bool:
    """Whether a pod that does not work may go without being counted."""
    if conditions.is_true(pod.status.conditions, "Ready"):
        return False
    if budget.spec.unhealthy_pod_eviction_policy == "AlwaysAllow":
        return True
    status = budget.status
    return status.current_healthy >= status.desired_healthy and status.desired_healthy > 0


def _one_less(core: Core, budget: PodDisruptionBudget, pod: Pod) -> PodDisruptionBudget:
    name, status = budget.metadata.name, budget.status
    if status.observed_generation < budget.metadata.generation:
        why = f"The disruption budget {name} is still being processed by the server."
        raise _not_now(why, retry_after_s=RETRY_AFTER_S)
    if status.disruptions_allowed < 0:
        raise _forbidden(name, "pdb disruptions allowed is negative")
    if len(status.disrupted_pods) > DISRUPTED_PODS_MAX:
        raise _forbidden(name, "DisruptedPods map too big - too many evictions not confirmed")
    if status.disruptions_allowed == 0:
        if status.current_healthy <= status.desired_healthy:
            why = (
                f"The disruption budget {name} needs {status.desired_healthy} healthy pods and "
                f"has {status.current_healthy} currently"
            )
        else:
            why = f"The disruption budget {name} does not allow evicting pods currently"
        raise _not_now(why)
    disrupted = {**status.disrupted_pods, pod.metadata.name: times.to_time(core.clock.now())}
    return replace(
        budget,
        status=replace(
            status,
            disruptions_allowed=status.disruptions_allowed - 1,
            disrupted_pods=disrupted,
        ),
    )


def _not_now(why: str, *, retry_after_s: int = 0) -> TooManyRequestsError:
    return TooManyRequestsError(
        _VIOLATES,
        details=StatusDetails(
            causes=(StatusCause(reason="DisruptionBudget", message=why),),
            retry_after_seconds=retry_after_s,
        ),
    )


def _forbidden(name: str, why: str) -> ForbiddenError:
    return ForbiddenError(
        f'poddisruptionbudgets.policy "{name}" is forbidden: {why}',
        details=StatusDetails(name=name, group="policy", kind="poddisruptionbudgets"),
    )


async def _note(core: Core, request: Request) -> None:
    """Write on the pod why it goes."""
    if request.dry_run:
        return

    def change(entry: Entry | None) -> Any:
        assert entry is not None, "evictions create nothing"
        pod = entry.object
        assert isinstance(pod, Pod), "only pods are evicted"
        condition = PodCondition(
            type="DisruptionTarget",
            status="True",
            reason="EvictionByEvictionAPI",
            message="Eviction API: evicting",
        )
        found = conditions.set_condition(pod.status.conditions, condition, core.clock.now())
        noted = with_meta(pod, resource_version="")
        return replace(noted, status=replace(pod.status, conditions=found))

    try:
        await write.update(core, request, core.resource_of(request.kind), change)
    except NotFoundError:
        return  # It went by itself.
