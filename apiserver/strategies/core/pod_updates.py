"""The few fields of a pod that may change, and how."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.core.difference import difference
from knarr.api import names
from knarr.api.core.container import Container
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import Toleration
from knarr.api.field_errors import FieldError, broken_names, forbidden, invalid, required
from knarr.api.quality_of_service import qos_class

SECONDS_MAX = 2**31 - 1

_MAY_CHANGE = (
    "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
    "`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def validate_pod_update(pod: Pod, old: Pod) -> Iterator[FieldError]:
    """What an update changes that it may not."""
    spec, before = pod.spec, old.spec
    stopping = [
        *_validate_containers(spec.containers, before.containers, "spec.containers"),
        *_validate_containers(spec.init_containers, before.init_containers, "spec.initContainers"),
        *_validate_deadline(spec, before, "spec.activeDeadlineSeconds"),
    ]
    yield from stopping
    if stopping:
        return
    yield from _validate_tolerations(spec.tolerations, before.tolerations, "spec.tolerations")
    yield from _validate_gates(spec, before, "spec.schedulingGates")
    unchanged = _as_before(spec, before)
    if unchanged != before:
        shown = difference(unchanged, before)
        detail = f"pod updates may not change fields other than {_MAY_CHANGE}\n{shown}"
        yield forbidden("spec", detail)


def validate_resize(pod: Pod, old: Pod) -> Iterator[FieldError]:
    """What a resize changes that it may not: only cpu and memory of containers may."""
    wanted = qos_class(pod)
    if wanted != old.status.qos_class:
        yield invalid("spec", wanted, "Pod QOS Class may not change as a result of resizing")
    none = ResourceRequirements()
    whole, before_whole = pod.spec.resources or none, old.spec.resources or none
    yield from _validate_resized(whole, before_whole, "spec.resources")
    pairs = zip(pod.spec.containers, old.spec.containers, strict=False)
    for i, (container, before) in enumerate(pairs):
        at = f"spec.containers[{i}].resources"
        yield from _validate_resized(container.resources, before.resources, at)


def _validate_resized(
    resources: ResourceRequirements, old: ResourceRequirements, path: str
) -> Iterator[FieldError]:
    for side in ("limits", "requests"):
        new: Mapping[str, str] = getattr(resources, side)
        before: Mapping[str, str] = getattr(old, side)
        if (before.keys() - new.keys()) & {"cpu", "memory"}:
            yield forbidden(f"{path}.{side}", f"resource {side} cannot be removed")
        yield from _validate_others_kept(new, before, f"{path}.{side}")


def _validate_others_kept(
    new: Mapping[str, str], old: Mapping[str, str], path: str
) -> Iterator[FieldError]:
    def others(amounts: Mapping[str, str]) -> dict[str, str]:
        return {name: amounts[name] for name in amounts if name not in ("cpu", "memory")}

    if others(new) != others(old):
        yield forbidden(path, "only cpu and memory resources are mutable")


def validate_ephemeral_update(pod: Pod, old: Pod) -> Iterator[FieldError]:
    """Containers to look around with may be added, never changed or taken away."""
    path = "spec.ephemeralContainers"
    now = {
        container.name: (i, container) for i, container in enumerate(pod.spec.ephemeral_containers)
    }
    for before in old.spec.ephemeral_containers:
        if before.name not in now:
            detail = f'existing ephemeral containers "{before.name}" may not be removed\n'
            yield forbidden(path, detail)
            continue
        i, container = now[before.name]
        if container != before:
            shown = difference(container, before)
            detail = f'existing ephemeral containers "{before.name}" may not be changed\n{shown}'
            yield forbidden(f"{path}[{i}]", detail)


def _validate_containers(
    containers: tuple[Container, ...], old: tuple[Container, ...], path: str
) -> Iterator[FieldError]:
    if len(containers) != len(old):
        yield forbidden(path, "pod updates may not add or remove containers")
        return
    for i, container in enumerate(containers):
        if not container.image:
            yield required(f"{path}[{i}].image")
        elif container.image != container.image.strip():
            detail = "must not have leading or trailing whitespace"
            yield invalid(f"{path}[{i}].image", container.image, detail)


def _validate_deadline(spec: PodSpec, old: PodSpec, path: str) -> Iterator[FieldError]:
    seconds, before = spec.active_deadline_seconds, old.active_deadline_seconds
    if seconds is None:
        if before is not None:
            detail = "must not update from a positive integer to nil value"
            yield invalid(path, seconds, detail)
        return
    broken = names.in_range(seconds, 0, SECONDS_MAX)
    if broken:
        yield from broken_names(path, seconds, broken)
    elif before is not None and before < seconds:
        yield invalid(path, seconds, "must be less than or equal to previous value")


def _validate_tolerations(
    tolerations: tuple[Toleration, ...], old: tuple[Toleration, ...], path: str
) -> Iterator[FieldError]:
    def essence(toleration: Toleration) -> Toleration:
        return replace(toleration, toleration_seconds=None)

    new = {essence(toleration) for toleration in tolerations}
    if not all(essence(toleration) in new for toleration in old):
        detail = "existing toleration can not be modified except its tolerationSeconds"
        yield forbidden(path, detail)


def _validate_gates(spec: PodSpec, old: PodSpec, path: str) -> Iterator[FieldError]:
    before = {gate.name for gate in old.scheduling_gates}
    for i, gate in enumerate(spec.scheduling_gates):
        if gate.name not in before:
            detail = f"only deletion is allowed, but found new scheduling gate '{gate.name}'"
            yield forbidden(f"{path}[{i}].name", detail)


def _as_before(spec: PodSpec, old: PodSpec) -> PodSpec:
    """The new spec with all that may change set back."""
    grace = spec.termination_grace_period_seconds
    grace_before = old.termination_grace_period_seconds
    changes: dict[str, Any] = {}
    if grace == 1 and grace_before is not None and grace_before < 0:
        changes["termination_grace_period_seconds"] = grace_before
    if old.scheduling_gates:
        # Until it may be scheduled, a pod can be made pickier about its node.
        changes["node_selector"] = _narrowed(spec, old)
        if _only_adds_affinity(spec, old):
            changes["affinity"] = old.affinity
    return replace(
        spec,
        containers=_with_images(spec.containers, old.containers),
        init_containers=_with_images(spec.init_containers, old.init_containers),
        active_deadline_seconds=old.active_deadline_seconds,
        tolerations=old.tolerations,
        scheduling_gates=old.scheduling_gates,
        **changes,
    )


def _narrowed(spec: PodSpec, old: PodSpec) -> Any:
    kept = all(spec.node_selector.get(key) == value for key, value in old.node_selector.items())
    return old.node_selector if kept else spec.node_selector


def _only_adds_affinity(spec: PodSpec, old: PodSpec) -> bool:
    return old.affinity is None or old.affinity.node_affinity is None


def _with_images(
    containers: tuple[Container, ...], old: tuple[Container, ...]
) -> tuple[Container, ...]:
    pairs = zip(containers, old, strict=True)
    return tuple(replace(container, image=before.image) for container, before in pairs)
