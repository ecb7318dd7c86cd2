"""Rules of a DaemonSet."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.apps.template import (
    is_empty,
    is_understood,
    read_only_disks,
    runs_for_ever,
    selector_meets_template,
)
from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.pod_spec.template import (
    default_pod_template,
    pod_template_warnings,
    validate_pod_template,
)
from apiserver.strategies.rules import (
    at_most_whole,
    immutable,
    is_zero,
    may_not_shrink,
    not_negative,
    number_or_percent,
)
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.apps.daemon_set import (
    DaemonSet,
    DaemonSetSpec,
    DaemonSetStatus,
    DaemonSetUpdateStrategy,
    RollingUpdateDaemonSet,
)
from knarr.api.field_errors import FieldError, Told, invalid, not_supported, required
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.printing.apps import daemon_set_row

REVISION_HISTORY_LIMIT = 10
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation that counts changes of the template, kept for old clients."""


class DaemonSetRules(Strategy[DaemonSet]):
    """What holds for a DaemonSet."""

    def default(self, obj: DaemonSet) -> DaemonSet:
        """Fill in the update strategy, the history and the pod template."""
        spec = obj.spec
        defaulted = replace(
            spec,
            update_strategy=_default_update_strategy(spec.update_strategy),
            revision_history_limit=(
                REVISION_HISTORY_LIMIT
                if spec.revision_history_limit is None
                else spec.revision_history_limit
            ),
            template=default_pod_template(spec.template),
        )
        return replace(obj, spec=defaulted)

    def prepare_for_create(self, obj: DaemonSet, context: Context) -> DaemonSet:
        """Count the template's first generation."""
        generation = max(_template_generation(obj.metadata), 1)
        return replace(obj, metadata=_with_generation(obj.metadata, generation))

    def prepare_for_update(self, obj: DaemonSet, old: DaemonSet, context: Context) -> DaemonSet:
        """Count a change of the template."""
        generation = _template_generation(old.metadata)
        if obj.spec.template != old.spec.template:
            generation += 1
        return replace(obj, metadata=_with_generation(obj.metadata, generation))

    def validate(self, obj: DaemonSet) -> Iterable[FieldError]:
        """The rules of a new DaemonSet."""
        return _spec(obj.spec, "spec")

    def validate_update(self, obj: DaemonSet, old: DaemonSet) -> Iterable[FieldError]:
        """The selector stays."""
        return immutable(obj.spec.selector, old.spec.selector, "spec.selector")

    def validate_status_update(self, obj: DaemonSet, old: DaemonSet) -> Iterable[FieldError]:
        """Counts are not negative."""
        yield from _status(obj.status, "status")
        yield from may_not_shrink(
            obj.status.collision_count, old.status.collision_count, "status.collisionCount"
        )

    def warnings(self, obj: DaemonSet, old: DaemonSet | None) -> Iterable[str]:
        """What is odd in the pod template."""
        return pod_template_warnings(
            obj.spec.template, "spec.template", old=old.spec.template if old else None
        )

    def row(self, obj: DaemonSet, now: datetime) -> Sequence[Any]:
        """Name, counts, node selector, age and the template in short."""
        return daemon_set_row(obj, now)


def _template_generation(meta: ObjectMeta) -> int:
    text = meta.annotations.get(TEMPLATE_GENERATION, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def _with_generation(meta: ObjectMeta, generation: int) -> ObjectMeta:
    return replace(meta, annotations={**meta.annotations, TEMPLATE_GENERATION: str(generation)})


def _default_update_strategy(strategy: DaemonSetUpdateStrategy) -> DaemonSetUpdateStrategy:
    kind = strategy.type or "RollingUpdate"
    rolling = strategy.rolling_update
    if kind == "RollingUpdate":
        rolling = rolling or RollingUpdateDaemonSet()
        rolling = RollingUpdateDaemonSet(
            max_unavailable=1 if rolling.max_unavailable is None else rolling.max_unavailable,
            max_surge=0 if rolling.max_surge is None else rolling.max_surge,
        )
    return DaemonSetUpdateStrategy(type=kind, rolling_update=rolling)


def _spec(spec: DaemonSetSpec, path: str) -> Iterator[FieldError]:
    template = f"{path}.template"
    yield from validate_label_selector(spec.selector, f"{path}.selector")
    if is_understood(spec.selector):
        yield from selector_meets_template(spec.selector, spec.template, template)
    if spec.selector is not None and is_empty(spec.selector):
        yield invalid(f"{path}.selector", spec.selector, "empty selector is invalid for daemonset")
    yield from validate_pod_template(spec.template, template)
    yield from read_only_disks(spec.template, template)
    yield from runs_for_ever(spec.template, template, owner="DaemonSet")
    yield from not_negative(spec.min_ready_seconds, f"{path}.minReadySeconds")
    yield from _update_strategy(spec.update_strategy, f"{path}.updateStrategy")
    yield from not_negative(spec.revision_history_limit, f"{path}.revisionHistoryLimit")


def _update_strategy(strategy: DaemonSetUpdateStrategy, path: str) -> Iterator[FieldError]:
    rolling = strategy.rolling_update
    if strategy.type == "OnDelete":
        return
    if strategy.type != "RollingUpdate":
        told = Told(Type=strategy.type, RollingUpdate=_told(rolling))
        yield not_supported(path, told, ("RollingUpdate", "OnDelete"), in_order=True)
    elif rolling is None:
        yield required(f"{path}.rollingUpdate")
    else:
        yield from _rolling_update(rolling, f"{path}.rollingUpdate")


def _told(rolling: RollingUpdateDaemonSet | None) -> Told | None:
    if rolling is None:
        return None
    return Told(MaxUnavailable=rolling.max_unavailable or 0, MaxSurge=rolling.max_surge or 0)


def _rolling_update(rolling: RollingUpdateDaemonSet, path: str) -> Iterator[FieldError]:
    unavailable, surge = rolling.max_unavailable or 0, rolling.max_surge or 0
    yield from number_or_percent(unavailable, f"{path}.maxUnavailable")
    yield from number_or_percent(surge, f"{path}.maxSurge")
    yield from at_most_whole(unavailable, f"{path}.maxUnavailable")
    yield from at_most_whole(surge, f"{path}.maxSurge")
    if not is_zero(unavailable) and not is_zero(surge):
        yield invalid(f"{path}.maxSurge", surge, "may not be set when maxUnavailable is non-zero")
    elif is_zero(unavailable) and is_zero(surge):
        yield required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0")


def _status(status: DaemonSetStatus, path: str) -> Iterator[FieldError]:
    for value, name in (
        (status.current_number_scheduled, "currentNumberScheduled"),
        (status.number_misscheduled, "numberMisscheduled"),
        (status.desired_number_scheduled, "desiredNumberScheduled"),
        (status.number_ready, "numberReady"),
        (status.observed_generation, "observedGeneration"),
        (status.updated_number_scheduled, "updatedNumberScheduled"),
        (status.number_available, "numberAvailable"),
        (status.number_unavailable, "numberUnavailable"),
        (status.collision_count, "collisionCount"),
    ):
        yield from not_negative(value, f"{path}.{name}")
