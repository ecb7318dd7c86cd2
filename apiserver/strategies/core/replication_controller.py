"""Rules of a ReplicationController."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.pod_spec.template import (
    default_pod_template,
    pod_template_warnings,
    validate_pod_template,
)
from apiserver.strategies.rules import at_most, not_negative
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.core.pod import PodSpec, PodTemplateSpec
from knarr.api.core.replication_controller import (
    ReplicationController,
    ReplicationControllerSpec,
    ReplicationControllerStatus,
)
from knarr.api.field_errors import FieldError, forbidden, invalid, not_supported, required
from knarr.api.printing.core import replication_controller_row


class ReplicationControllerRules(Strategy[ReplicationController]):
    """What holds for a ReplicationController."""

    def default(self, obj: ReplicationController) -> ReplicationController:
        """One replica; labels and selector of the template where there are none."""
        spec, metadata = obj.spec, obj.metadata
        template = spec.template
        labels = template.metadata.labels if template is not None else {}
        if labels and not metadata.labels:
            metadata = replace(metadata, labels=labels)
        filled = replace(
            spec,
            replicas=1 if spec.replicas is None else spec.replicas,
            selector=spec.selector or labels,
            template=default_pod_template(template) if template is not None else None,
        )
        return replace(obj, metadata=metadata, spec=filled)

    def prepare_for_create(
        self, obj: ReplicationController, context: Context
    ) -> ReplicationController:
        """Nothing runs yet."""
        return replace(obj, status=ReplicationControllerStatus(replicas=0))

    def validate(self, obj: ReplicationController) -> Iterable[FieldError]:
        """A selector, a number and a template that fits."""
        return _validate_spec(obj.spec, "spec")

    def validate_status_update(
        self, obj: ReplicationController, old: ReplicationController
    ) -> Iterable[FieldError]:
        """Counts are not negative and add up."""
        return _validate_status(obj.status, "status")

    def warnings(
        self, obj: ReplicationController, old: ReplicationController | None
    ) -> Iterable[str]:
        """What is odd in the template."""
        if obj.spec.template is None:
            return ()
        before = old.spec.template if old is not None else None
        return pod_template_warnings(obj.spec.template, "spec.template", old=before)

    def fields(self, obj: ReplicationController) -> Mapping[str, str]:
        """ReplicationControllers are selected by what they have."""
        return {"status.replicas": str(obj.status.replicas)}

    def row(self, obj: ReplicationController, now: datetime) -> Sequence[Any]:
        """Name, desired, current, ready, age and the template in short."""
        return replication_controller_row(obj, now)


def _validate_spec(spec: ReplicationControllerSpec, path: str) -> Iterator[FieldError]:
    yield from not_negative(spec.min_ready_seconds, f"{path}.minReadySeconds")
    if not spec.selector:
        yield required(f"{path}.selector")
    yield from not_negative(spec.replicas, f"{path}.replicas")
    at = f"{path}.template"
    if spec.template is None:
        yield required(at)
        return
    yield from _validate_template(spec, spec.template, at)


def _validate_template(
    spec: ReplicationControllerSpec, template: PodTemplateSpec, path: str
) -> Iterator[FieldError]:
    labels, pod = template.metadata.labels, template.spec
    if spec.selector and any(labels.get(key) != value for key, value in spec.selector.items()):
        detail = "`selector` does not match template `labels`"
        yield invalid(f"{path}.metadata.labels", dict(labels) or None, detail)
    yield from validate_pod_template(template, path)
    yield from _validate_lasting(pod, f"{path}.spec")


def _validate_lasting(pod: PodSpec, path: str) -> Iterator[FieldError]:
    """Pods that are replaced when they end have to run on."""
    if pod.restart_policy != "Always":
        yield not_supported(f"{path}.restartPolicy", pod.restart_policy, ("Always",))
    if pod.active_deadline_seconds is not None:
        detail = "activeDeadlineSeconds in ReplicationController is not Supported"
        yield forbidden(f"{path}.activeDeadlineSeconds", detail)


def _validate_status(status: ReplicationControllerStatus, path: str) -> Iterator[FieldError]:
    counts = (
        (status.fully_labeled_replicas, "fullyLabeledReplicas"),
        (status.ready_replicas, "readyReplicas"),
        (status.available_replicas, "availableReplicas"),
    )
    yield from not_negative(status.replicas, f"{path}.replicas")
    for value, name in counts:
        yield from not_negative(value, f"{path}.{name}")
    yield from not_negative(status.observed_generation, f"{path}.observedGeneration")
    for value, name in counts:
        yield from at_most(value, f"{path}.{name}", limit=status.replicas, of="status.replicas")
    available = f"{path}.availableReplicas"
    ready = status.ready_replicas
    yield from at_most(status.available_replicas, available, limit=ready, of="readyReplicas")
