"""Rules for where containers see the volumes of their pod."""

from collections.abc import Iterator, Mapping

from apiserver.strategies.pod_spec.paths import validate_descending
from knarr.api.core.container import Container, EphemeralContainer
from knarr.api.core.volume import Volume, VolumeMount
from knarr.api.field_errors import (
    FieldError,
    forbidden,
    invalid,
    not_found,
    not_supported,
    required,
)

_PROPAGATIONS = ("Bidirectional", "HostToContainer", "None")
_RECURSIONS = ("Disabled", "Enabled", "IfPossible")


def validate_mounts(
    container: Container | EphemeralContainer, volumes: Mapping[str, Volume], path: str
) -> Iterator[FieldError]:
    """Volumes as folders."""
    device_names = {device.name for device in container.volume_devices}
    device_paths = {device.device_path for device in container.volume_devices}
    taken: set[str] = set()
    for i, mount in enumerate(container.volume_mounts):
        at = f"{path}[{i}]"
        if not mount.name:
            yield required(f"{at}.name")
        if mount.name not in volumes:
            yield not_found(f"{at}.name", mount.name)
        if not mount.mount_path:
            yield required(f"{at}.mountPath")
        if mount.mount_path in taken:
            yield invalid(f"{at}.mountPath", mount.mount_path, "must be unique")
        taken.add(mount.mount_path)
        if mount.name in device_names:
            yield invalid(f"{at}.name", mount.name, "must not already exist in volumeDevices")
        if mount.mount_path in device_paths:
            detail = "must not already exist as a path in volumeDevices"
            yield invalid(f"{at}.mountPath", mount.mount_path, detail)
        yield from _validate_sub_paths(mount, path, at)
        yield from _validate_propagation(mount, container, f"{path}.mountPropagation")
        yield from _validate_recursion(mount, at)


def _validate_sub_paths(mount: VolumeMount, path: str, at: str) -> Iterator[FieldError]:
    if mount.sub_path:
        yield from validate_descending(mount.sub_path, f"{path}.subPath")
    if mount.sub_path_expr:
        if mount.sub_path:
            detail = "subPathExpr and subPath are mutually exclusive"
            yield invalid(f"{at}.subPathExpr", mount.sub_path_expr, detail)
        yield from validate_descending(mount.sub_path_expr, f"{path}.subPathExpr")


def _validate_propagation(
    mount: VolumeMount, container: Container | EphemeralContainer, path: str
) -> Iterator[FieldError]:
    propagation = mount.mount_propagation
    if propagation is None:
        return
    if propagation not in _PROPAGATIONS:
        yield not_supported(path, propagation, _PROPAGATIONS)
    context = container.security_context
    if propagation == "Bidirectional" and not (context is not None and context.privileged):
        detail = "Bidirectional mount propagation is available only to privileged containers"
        yield forbidden(path, detail)


def _validate_recursion(mount: VolumeMount, path: str) -> Iterator[FieldError]:
    recursive = mount.recursive_read_only
    at = f"{path}.recursiveReadOnly"
    if recursive is None:
        return
    if recursive not in _RECURSIONS:
        yield not_supported(at, recursive, _RECURSIONS)
    elif recursive != "Disabled":
        if not mount.read_only:
            yield forbidden(at, "may only be specified when readOnly is true")
        if mount.mount_propagation not in (None, "None"):
            detail = "may only be specified when mountPropagation is None or not specified"
            yield forbidden(at, detail)


def validate_devices(
    container: Container | EphemeralContainer, volumes: Mapping[str, Volume], path: str
) -> Iterator[FieldError]:
    """Volumes as raw devices."""
    mounted = {mount.name for mount in container.volume_mounts}
    mount_paths = {mount.mount_path for mount in container.volume_mounts}
    seen: set[str] = set()
    seen_paths: set[str] = set()
    for i, device in enumerate(container.volume_devices):
        at = f"{path}[{i}]"
        yield from _validate_device_name(device.name, volumes, seen, f"{at}.name")
        where = device.device_path
        if not where:
            yield required(f"{at}.devicePath")
        if where in seen_paths:
            yield invalid(f"{at}.devicePath", where, "must be unique")
        if ".." in where.split("/"):
            yield invalid(f"{at}.devicePath", where, "can not contain backsteps ('..')")
        else:
            seen_paths.add(where)
        if device.name in mounted:
            yield invalid(f"{at}.name", device.name, "must not already exist in volumeMounts")
        if where in mount_paths:
            detail = "must not already exist as a path in volumeMounts"
            yield invalid(f"{at}.devicePath", where, detail)
        if device.name:
            seen.add(device.name)


def _validate_device_name(
    name: str, volumes: Mapping[str, Volume], seen: set[str], path: str
) -> Iterator[FieldError]:
    volume = volumes.get(name)
    if not name:
        yield required(path)
    if name in seen:
        yield invalid(path, name, "must be unique")
    if volume is None:
        yield not_found(path, name)
    elif volume.persistent_volume_claim is None and volume.ephemeral is None:
        detail = (
            "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
        )
        yield invalid(path, name, detail)
