"""Rules of a StatefulSet."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.apps.template import (
    is_understood,
    required_selector,
    runs_for_ever,
    selector_meets_template,
)
from apiserver.strategies.pod_spec.template import (
    default_pod_template,
    pod_template_warnings,
    validate_pod_template,
)
from apiserver.strategies.rules import (
    at_most,
    at_most_whole,
    is_zero,
    may_not_shrink,
    not_negative,
    number_or_percent,
)
from apiserver.strategies.strategy import Context, Strategy
from knarr.api import names
from knarr.api.apps.stateful_set import (
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
    StatefulSetStatus,
    StatefulSetUpdateStrategy,
)
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import PersistentVolumeClaimVolumeSource
from knarr.api.field_errors import (
    FieldError,
    Told,
    broken_names,
    forbidden,
    invalid,
    not_supported,
    required,
)
from knarr.api.printing.apps import stateful_set_row

REVISION_HISTORY_LIMIT = 10
FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
    "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
    "'minReadySeconds' are forbidden"
)
KEEPS_ALL = (
    "spec.revisionHistoryLimit: a negative value retains all historical revisions; "
    "a value >= 0 is recommended"
)


class StatefulSetRules(Strategy[StatefulSet]):
    """What holds for a StatefulSet."""

    def default(self, obj: StatefulSet) -> StatefulSet:
        """Fill in policies, replicas, history, the pod template and the claims."""
        spec = obj.spec
        defaulted = replace(
            spec,
            replicas=1 if spec.replicas is None else spec.replicas,
            pod_management_policy=spec.pod_management_policy or "OrderedReady",
            update_strategy=_default_update_strategy(spec.update_strategy),
            persistent_volume_claim_retention_policy=_default_retention(
                spec.persistent_volume_claim_retention_policy
            ),
            revision_history_limit=(
                REVISION_HISTORY_LIMIT
                if spec.revision_history_limit is None
                else spec.revision_history_limit
            ),
            template=default_pod_template(spec.template),
            volume_claim_templates=tuple(map(_default_claim, spec.volume_claim_templates)),
        )
        return replace(obj, spec=defaulted)

    def prepare_for_create(self, obj: StatefulSet, context: Context) -> StatefulSet:
        """Drop what stands behind a switch that is off."""
        return _without_max_unavailable(obj)

    def prepare_for_update(
        self, obj: StatefulSet, old: StatefulSet, context: Context
    ) -> StatefulSet:
        """Drop what stands behind a switch that is off, unless it is stored already."""
        rolling = old.spec.update_strategy.rolling_update
        is_stored = rolling is not None and rolling.max_unavailable is not None
        return obj if is_stored else _without_max_unavailable(obj)

    def validate(self, obj: StatefulSet) -> Iterable[FieldError]:
        """The rules of a new StatefulSet."""
        return _spec(obj.spec, "spec")

    def validate_update(self, obj: StatefulSet, old: StatefulSet) -> Iterable[FieldError]:
        """All but a few fields stay."""
        spec = replace(
            obj.spec,
            replicas=old.spec.replicas,
            ordinals=old.spec.ordinals,
            template=old.spec.template,
            update_strategy=old.spec.update_strategy,
            revision_history_limit=old.spec.revision_history_limit,
            persistent_volume_claim_retention_policy=(
                old.spec.persistent_volume_claim_retention_policy
            ),
            min_ready_seconds=old.spec.min_ready_seconds,
        )
        if spec != old.spec:
            yield forbidden("spec", FIXED)

    def validate_status_update(self, obj: StatefulSet, old: StatefulSet) -> Iterable[FieldError]:
        """Counts are not negative and add up."""
        yield from _status(obj.status, "status")
        yield from may_not_shrink(
            obj.status.collision_count, old.status.collision_count, "status.collisionCount"
        )

    def warnings(self, obj: StatefulSet, old: StatefulSet | None) -> Iterable[str]:
        """What is odd in the pod template."""
        yield from pod_template_warnings(
            obj.spec.template, "spec.template", old=old.spec.template if old else None
        )
        if (obj.spec.revision_history_limit or 0) < 0:
            yield KEEPS_ALL

    def row(self, obj: StatefulSet, now: datetime) -> Sequence[Any]:
        """Name, ready, age and the template in short."""
        return stateful_set_row(obj, now)


def _default_update_strategy(strategy: StatefulSetUpdateStrategy) -> StatefulSetUpdateStrategy:
    kind = strategy.type or "RollingUpdate"
    rolling = strategy.rolling_update
    if kind == "RollingUpdate":
        rolling = rolling or RollingUpdateStatefulSetStrategy()
        rolling = replace(rolling, partition=rolling.partition or 0)
    return StatefulSetUpdateStrategy(type=kind, rolling_update=rolling)


def _default_retention(
    policy: StatefulSetPersistentVolumeClaimRetentionPolicy | None,
) -> StatefulSetPersistentVolumeClaimRetentionPolicy:
    policy = policy or StatefulSetPersistentVolumeClaimRetentionPolicy()
    return StatefulSetPersistentVolumeClaimRetentionPolicy(
        when_deleted=policy.when_deleted or "Retain", when_scaled=policy.when_scaled or "Retain"
    )


def _default_claim(claim: PersistentVolumeClaim) -> PersistentVolumeClaim:
    spec = claim.spec
    return replace(
        claim,
        api_version="v1",
        kind="PersistentVolumeClaim",
        spec=replace(spec, volume_mode=spec.volume_mode or "Filesystem"),
        status=replace(claim.status, phase=claim.status.phase or "Pending"),
    )


def _spec(spec: StatefulSetSpec, path: str) -> Iterator[FieldError]:
    yield from _pod_management_policy(spec.pod_management_policy, f"{path}.podManagementPolicy")
    yield from _update_strategy(spec.update_strategy, f"{path}.updateStrategy")
    policy = spec.persistent_volume_claim_retention_policy
    if policy is not None:
        retention = f"{path}.persistentVolumeClaimRetentionPolicy"
        yield from _retention(policy.when_deleted, f"{retention}.whenDeleted")
        yield from _retention(policy.when_scaled, f"{retention}.whenScaled")
    yield from not_negative(spec.replicas, f"{path}.replicas")
    yield from not_negative(spec.min_ready_seconds, f"{path}.minReadySeconds")
    if spec.ordinals is not None:
        yield from not_negative(spec.ordinals.start, f"{path}.ordinals.start")
    yield from _service_name(spec.service_name, f"{path}.serviceName")
    yield from required_selector(spec.selector, f"{path}.selector", owner="statefulset")
    if is_understood(spec.selector):
        yield from selector_meets_template(spec.selector, spec.template, f"{path}.template")
        yield from validate_pod_template(_with_claims(spec), f"{path}.template")
    else:
        yield invalid(f"{path}.selector", spec.selector, "")
    yield from runs_for_ever(spec.template, f"{path}.template", owner="StatefulSet")


def _pod_management_policy(policy: str, path: str) -> Iterator[FieldError]:
    if not policy:
        yield required(path)
    elif policy not in ("OrderedReady", "Parallel"):
        yield invalid(path, policy, "must be 'OrderedReady' or 'Parallel'")


def _service_name(name: str, path: str) -> Iterator[FieldError]:
    if name:
        yield from broken_names(path, name, names.dns_label(name))


def _update_strategy(strategy: StatefulSetUpdateStrategy, path: str) -> Iterator[FieldError]:
    rolling = strategy.rolling_update
    if not strategy.type:
        yield required(path)
    elif strategy.type == "OnDelete":
        if rolling is not None:
            yield invalid(
                f"{path}.rollingUpdate",
                _told(rolling),
                "only allowed for updateStrategy 'RollingUpdate'",
            )
    elif strategy.type == "RollingUpdate":
        if rolling is not None:
            yield from _rolling_update(rolling, f"{path}.rollingUpdate")
    else:
        told = Told(Type=strategy.type, RollingUpdate=_told(rolling))
        yield invalid(path, told, "must be 'RollingUpdate' or 'OnDelete'")


def _told(rolling: RollingUpdateStatefulSetStrategy | None) -> Told | None:
    if rolling is None:
        return None
    return Told(Partition=rolling.partition or 0, MaxUnavailable=rolling.max_unavailable)


def _without_max_unavailable(obj: StatefulSet) -> StatefulSet:
    # Kubernetes 1.36 reads rollingUpdate.maxUnavailable and forgets it: its feature gate is off.
    strategy = obj.spec.update_strategy
    rolling = strategy.rolling_update
    if rolling is None or rolling.max_unavailable is None:
        return obj
    strategy = replace(strategy, rolling_update=replace(rolling, max_unavailable=None))
    return replace(obj, spec=replace(obj.spec, update_strategy=strategy))


def _rolling_update(rolling: RollingUpdateStatefulSetStrategy, path: str) -> Iterator[FieldError]:
    yield from not_negative(rolling.partition, f"{path}.partition")
    unavailable = rolling.max_unavailable
    if unavailable is not None:
        yield from number_or_percent(unavailable, f"{path}.maxUnavailable")
        if is_zero(unavailable):
            yield invalid(f"{path}.maxUnavailable", unavailable, "cannot be 0")
        yield from at_most_whole(unavailable, f"{path}.maxUnavailable")


def _retention(policy: str, path: str) -> Iterator[FieldError]:
    if policy not in ("Retain", "Delete"):
        yield not_supported(path, policy, ("Retain", "Delete"), in_order=True)


def _with_claims(spec: StatefulSetSpec) -> PodTemplateSpec:
    """The template with a volume for every claim, as the pods will have it."""
    claimed = {claim.metadata.name for claim in spec.volume_claim_templates}
    volumes = [volume for volume in spec.template.spec.volumes if volume.name not in claimed]
    volumes += [
        Volume(
            name=name, persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name=name)
        )
        for name in sorted(claimed)
    ]
    pod = replace(spec.template.spec, volumes=tuple(volumes))
    return replace(spec.template, spec=pod)


def _status(status: StatefulSetStatus, path: str) -> Iterator[FieldError]:
    counts = (
        (status.ready_replicas, "readyReplicas"),
        (status.current_replicas, "currentReplicas"),
        (status.updated_replicas, "updatedReplicas"),
        (status.available_replicas, "availableReplicas"),
    )
    yield from not_negative(status.replicas, f"{path}.replicas")
    for value, name in counts:
        yield from not_negative(value, f"{path}.{name}")
    yield from not_negative(status.observed_generation, f"{path}.observedGeneration")
    yield from not_negative(status.collision_count, f"{path}.collisionCount")
    for value, name in counts:
        yield from at_most(value, f"{path}.{name}", limit=status.replicas, of="status.replicas")
    yield from at_most(
        status.available_replicas,
        f"{path}.availableReplicas",
        limit=status.ready_replicas,
        of="status.readyReplicas",
    )
