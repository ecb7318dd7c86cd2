"""Rules of a PodDisruptionBudget."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.rules import at_most_whole, not_negative, number_or_percent
from apiserver.strategies.strategy import Strategy
from knarr.api.field_errors import FieldError, Told, invalid, not_supported
from knarr.api.policy.pod_disruption_budget import PodDisruptionBudget, PodDisruptionBudgetSpec
from knarr.api.printing.policy import pod_disruption_budget_row


class PodDisruptionBudgetRules(Strategy[PodDisruptionBudget]):
    """What holds for a PodDisruptionBudget."""

    unconditional_update = False

    def validate(self, obj: PodDisruptionBudget) -> Iterable[FieldError]:
        """One bound, and a selector that can be read."""
        return _spec(obj.spec, "spec")

    def validate_status_update(
        self, obj: PodDisruptionBudget, old: PodDisruptionBudget
    ) -> Iterable[FieldError]:
        """Counts are not negative."""
        status = obj.status
        for value, name in (
            (status.disruptions_allowed, "disruptionsAllowed"),
            (status.current_healthy, "currentHealthy"),
            (status.desired_healthy, "desiredHealthy"),
            (status.expected_pods, "expectedPods"),
        ):
            yield from not_negative(value, f"status.{name}")

    def warnings(self, obj: PodDisruptionBudget, old: PodDisruptionBudget | None) -> Iterable[str]:
        """An empty selector selects every pod, which it did not always."""
        return ()

    def row(self, obj: PodDisruptionBudget, now: datetime) -> Sequence[Any]:
        """Name, least available, most unavailable, allowed disruptions, age."""
        return pod_disruption_budget_row(obj, now)


def _spec(spec: PodDisruptionBudgetSpec, path: str) -> Iterator[FieldError]:
    if spec.min_available is not None and spec.max_unavailable is not None:
        told = Told(
            MinAvailable=spec.min_available,
            Selector=spec.selector,
            MaxUnavailable=spec.max_unavailable,
            UnhealthyPodEvictionPolicy=spec.unhealthy_pod_eviction_policy,
        )
        yield invalid(path, told, "minAvailable and maxUnavailable cannot be both set")
    for value, name in (
        (spec.min_available, "minAvailable"),
        (spec.max_unavailable, "maxUnavailable"),
    ):
        if value is not None:
            yield from number_or_percent(value, f"{path}.{name}")
            yield from at_most_whole(value, f"{path}.{name}")
    policy = spec.unhealthy_pod_eviction_policy
    if policy not in (None, "AlwaysAllow", "IfHealthyBudget"):
        yield not_supported(
            f"{path}.unhealthyPodEvictionPolicy", policy, ("AlwaysAllow", "IfHealthyBudget")
        )
    yield from validate_label_selector(spec.selector, f"{path}.selector")
