"""Rules of a ReplicaSet."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.apps.template import is_understood, replicated_template, required_selector
from apiserver.strategies.pod_spec.template import default_pod_template, pod_template_warnings
from apiserver.strategies.rules import at_most, immutable, not_negative
from apiserver.strategies.strategy import Strategy
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec, ReplicaSetStatus
from knarr.api.core.pod import PodSpec, PodTemplateSpec
from knarr.api.field_errors import FieldError, invalid
from knarr.api.printing.apps import replica_set_row

NO_TEMPLATE = PodTemplateSpec(spec=PodSpec(containers=()))
"""Stands in where a client leaves the template out; it breaks the rules of templates."""


class ReplicaSetRules(Strategy[ReplicaSet]):
    """What holds for a ReplicaSet."""

    def default(self, obj: ReplicaSet) -> ReplicaSet:
        """Fill in replicas and the pod template."""
        spec = obj.spec
        defaulted = replace(
            spec,
            replicas=1 if spec.replicas is None else spec.replicas,
            template=default_pod_template(spec.template or NO_TEMPLATE),
        )
        return replace(obj, spec=defaulted)

    def validate(self, obj: ReplicaSet) -> Iterable[FieldError]:
        """The rules of a new ReplicaSet."""
        return _spec(obj.spec, "spec")

    def validate_update(self, obj: ReplicaSet, old: ReplicaSet) -> Iterable[FieldError]:
        """The selector stays."""
        return immutable(obj.spec.selector, old.spec.selector, "spec.selector")

    def validate_status_update(self, obj: ReplicaSet, old: ReplicaSet) -> Iterable[FieldError]:
        """Counts are not negative and add up."""
        return _status(obj.status, "status")

    def warnings(self, obj: ReplicaSet, old: ReplicaSet | None) -> Iterable[str]:
        """What is odd in the pod template."""
        if obj.spec.template is None:
            return ()
        return pod_template_warnings(
            obj.spec.template, "spec.template", old=old.spec.template if old else None
        )

    def row(self, obj: ReplicaSet, now: datetime) -> Sequence[Any]:
        """Name, desired, current, ready, age and the template in short."""
        return replica_set_row(obj, now)


def _spec(spec: ReplicaSetSpec, path: str) -> Iterator[FieldError]:
    yield from not_negative(spec.replicas, f"{path}.replicas")
    yield from not_negative(spec.min_ready_seconds, f"{path}.minReadySeconds")
    yield from required_selector(spec.selector, f"{path}.selector", owner="deployment")
    if is_understood(spec.selector):
        yield from replicated_template(
            spec.template or NO_TEMPLATE,
            spec.selector,
            f"{path}.template",
            replicas=spec.replicas or 0,
        )
    else:
        yield invalid(f"{path}.selector", spec.selector, "invalid label selector")


def _status(status: ReplicaSetStatus, path: str) -> Iterator[FieldError]:
    counts = (
        (status.fully_labeled_replicas, "fullyLabeledReplicas"),
        (status.ready_replicas, "readyReplicas"),
        (status.available_replicas, "availableReplicas"),
    )
    yield from not_negative(status.replicas, f"{path}.replicas")
    for value, name in counts:
        yield from not_negative(value, f"{path}.{name}")
    yield from not_negative(status.terminating_replicas, f"{path}.terminatingReplicas")
    yield from not_negative(status.observed_generation, f"{path}.observedGeneration")
    for value, name in counts:
        yield from at_most(value, f"{path}.{name}", limit=status.replicas, of="status.replicas")
    yield from at_most(
        status.available_replicas,
        f"{path}.availableReplicas",
        limit=status.ready_replicas,
        of="readyReplicas",
    )
