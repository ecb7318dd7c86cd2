"""Rules for a selector and the pod template it has to match."""

from collections.abc import Iterator

from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.pod_spec.template import validate_pod_template
from apiserver.strategies.rules import labels_or_null
from knarr.api import selectors
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.field_errors import FieldError, forbidden, invalid, not_supported, required
from knarr.api.meta.selector import LabelSelector

MISMATCH = "`selector` does not match template `labels`"
WRITABLE_DISK = (
    "must be true for replicated pods > 1; GCE PD can only be mounted on multiple machines "
    "if it is read-only"
)


def required_selector(
    selector: LabelSelector | None, path: str, *, owner: str
) -> Iterator[FieldError]:
    """A selector that has to be there and may not select everything."""
    if selector is None:
        yield required(path)
        return
    yield from validate_label_selector(selector, path)
    if is_empty(selector):
        yield invalid(path, selector, f"empty selector is invalid for {owner}")


def selector_meets_template(
    selector: LabelSelector | None, template: PodTemplateSpec, path: str
) -> Iterator[FieldError]:
    """The template's pods have to be among those the selector means."""
    labels = template.metadata.labels
    if selector is not None and is_empty(selector):
        return
    if not selectors.from_object(selector).matches(labels):
        yield invalid(f"{path}.metadata.labels", labels_or_null(template.metadata), MISMATCH)


def is_understood(selector: LabelSelector | None) -> bool:
    """Whether the selector breaks no rule, so that it can be asked what it selects."""
    return not any(validate_label_selector(selector, ""))


def is_empty(selector: LabelSelector) -> bool:
    """Whether it asks for nothing, and so selects everything."""
    return not selector.match_labels and not selector.match_expressions


def replicated_template(
    template: PodTemplateSpec,
    selector: LabelSelector | None,
    path: str,
    *,
    replicas: int,
    old: PodTemplateSpec | None = None,
) -> Iterator[FieldError]:
    """The template of a Deployment or ReplicaSet."""
    yield from selector_meets_template(selector, template, path)
    yield from validate_pod_template(template, path, old=old)
    if replicas > 1:
        yield from read_only_disks(template, path)
    yield from runs_for_ever(template, path, owner="ReplicaSet")


def runs_for_ever(template: PodTemplateSpec, path: str, *, owner: str) -> Iterator[FieldError]:
    """Pods of the template are always restarted and know no deadline."""
    if template.spec.restart_policy != "Always":
        yield not_supported(f"{path}.spec.restartPolicy", template.spec.restart_policy, ["Always"])
    if template.spec.active_deadline_seconds is not None:
        yield forbidden(
            f"{path}.spec.activeDeadlineSeconds",
            f"activeDeadlineSeconds in {owner} is not Supported",
        )


def read_only_disks(template: PodTemplateSpec, path: str) -> Iterator[FieldError]:
    """A disk that many pods share is read-only."""
    for i, volume in enumerate(template.spec.volumes):
        disk = volume.gce_persistent_disk
        if disk is not None and not disk.read_only:
            yield invalid(
                f"{path}.spec.volumes[{i}].gcePersistentDisk.readOnly",
                disk.read_only,
                WRITABLE_DISK,
            )
