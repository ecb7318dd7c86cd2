"""Rules of a Deployment."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.apps.template import is_understood, replicated_template, required_selector
from apiserver.strategies.pod_spec.template import default_pod_template, pod_template_warnings
from apiserver.strategies.rules import (
    at_most,
    at_most_whole,
    immutable,
    is_zero,
    may_not_shrink,
    not_negative,
    number_or_percent,
)
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.apps.deployment import (
    Deployment,
    DeploymentSpec,
    DeploymentStatus,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from knarr.api.field_errors import FieldError, Told, forbidden, invalid, not_supported, required
from knarr.api.printing.apps import deployment_row

REVISION_HISTORY_LIMIT = 10
PROGRESS_DEADLINE_S = 600
QUARTER = "25%"


class DeploymentRules(Strategy[Deployment]):
    """What holds for a Deployment."""

    def default(self, obj: Deployment) -> Deployment:
        """Fill in replicas, history, deadline, strategy and the pod template."""
        spec = obj.spec
        defaulted = replace(
            spec,
            replicas=1 if spec.replicas is None else spec.replicas,
            strategy=_default_strategy(spec.strategy),
            revision_history_limit=(
                REVISION_HISTORY_LIMIT
                if spec.revision_history_limit is None
                else spec.revision_history_limit
            ),
            progress_deadline_seconds=(
                PROGRESS_DEADLINE_S
                if spec.progress_deadline_seconds is None
                else spec.progress_deadline_seconds
            ),
            template=default_pod_template(spec.template),
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: Deployment) -> Iterable[FieldError]:
        """The rules of a new Deployment."""
        return _spec(obj.spec, "spec")

    def validate_update(self, obj: Deployment, old: Deployment) -> Iterable[FieldError]:
        """The selector stays."""
        return immutable(obj.spec.selector, old.spec.selector, "spec.selector")

    def prepare_for_status_update(
        self, obj: Deployment, old: Deployment, context: Context
    ) -> Deployment:
        """Labels are no business of whoever reports the status."""
        return replace(obj, metadata=replace(obj.metadata, labels=old.metadata.labels))

    def validate_status_update(self, obj: Deployment, old: Deployment) -> Iterable[FieldError]:
        """Counts are not negative and add up."""
        yield from _status(obj.status, "status")
        yield from may_not_shrink(
            obj.status.collision_count, old.status.collision_count, "status.collisionCount"
        )

    def warnings(self, obj: Deployment, old: Deployment | None) -> Iterable[str]:
        """What is odd in the pod template."""
        return pod_template_warnings(
            obj.spec.template, "spec.template", old=old.spec.template if old else None
        )

    def row(self, obj: Deployment, now: datetime) -> Sequence[Any]:
        """Name, ready, up to date, available, age and the template in short."""
        return deployment_row(obj, now)


def _default_strategy(strategy: DeploymentStrategy) -> DeploymentStrategy:
    kind = strategy.type or "RollingUpdate"
    rolling = strategy.rolling_update
    if kind == "RollingUpdate":
        rolling = rolling or RollingUpdateDeployment()
        rolling = RollingUpdateDeployment(
            max_unavailable=QUARTER if rolling.max_unavailable is None else rolling.max_unavailable,
            max_surge=QUARTER if rolling.max_surge is None else rolling.max_surge,
        )
    return DeploymentStrategy(type=kind, rolling_update=rolling)


def _spec(spec: DeploymentSpec, path: str) -> Iterator[FieldError]:
    yield from not_negative(spec.replicas, f"{path}.replicas")
    yield from required_selector(spec.selector, f"{path}.selector", owner="deployment")
    if is_understood(spec.selector):
        yield from replicated_template(
            spec.template, spec.selector, f"{path}.template", replicas=spec.replicas or 0
        )
    else:
        yield invalid(f"{path}.selector", spec.selector, "invalid label selector")
    yield from _strategy(spec.strategy, f"{path}.strategy")
    yield from not_negative(spec.min_ready_seconds, f"{path}.minReadySeconds")
    yield from not_negative(spec.revision_history_limit, f"{path}.revisionHistoryLimit")
    deadline = spec.progress_deadline_seconds
    yield from not_negative(deadline, f"{path}.progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.min_ready_seconds:
        yield invalid(
            f"{path}.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"
        )


def _strategy(strategy: DeploymentStrategy, path: str) -> Iterator[FieldError]:
    rolling = strategy.rolling_update
    if strategy.type == "Recreate":
        if rolling is not None:
            yield forbidden(
                f"{path}.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'"
            )
    elif strategy.type == "RollingUpdate":
        if rolling is None:
            yield required(f"{path}.rollingUpdate", "this should be defaulted and never be nil")
        else:
            yield from _rolling_update(rolling, f"{path}.rollingUpdate")
    else:
        told = Told(Type=strategy.type, RollingUpdate=_told(rolling))
        yield not_supported(path, told, ("Recreate", "RollingUpdate"))


def _told(rolling: RollingUpdateDeployment | None) -> Told | None:
    if rolling is None:
        return None
    return Told(MaxUnavailable=rolling.max_unavailable or 0, MaxSurge=rolling.max_surge or 0)


def _rolling_update(rolling: RollingUpdateDeployment, path: str) -> Iterator[FieldError]:
    unavailable, surge = rolling.max_unavailable or 0, rolling.max_surge or 0
    yield from number_or_percent(unavailable, f"{path}.maxUnavailable")
    yield from number_or_percent(surge, f"{path}.maxSurge")
    if is_zero(unavailable) and is_zero(surge):
        yield invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0")
    yield from at_most_whole(unavailable, f"{path}.maxUnavailable")


def _status(status: DeploymentStatus, path: str) -> Iterator[FieldError]:
    for value, name in (
        (status.observed_generation, "observedGeneration"),
        (status.replicas, "replicas"),
        (status.updated_replicas, "updatedReplicas"),
        (status.ready_replicas, "readyReplicas"),
        (status.available_replicas, "availableReplicas"),
        (status.unavailable_replicas, "unavailableReplicas"),
        (status.terminating_replicas, "terminatingReplicas"),
        (status.collision_count, "collisionCount"),
    ):
        yield from not_negative(value, f"{path}.{name}")
    for value, name in (
        (status.updated_replicas, "updatedReplicas"),
        (status.ready_replicas, "readyReplicas"),
        (status.available_replicas, "availableReplicas"),
    ):
        yield from at_most(value, f"{path}.{name}", limit=status.replicas, of="status.replicas")
    yield from at_most(
        status.available_replicas,
        f"{path}.availableReplicas",
        limit=status.ready_replicas,
        of="readyReplicas",
    )
