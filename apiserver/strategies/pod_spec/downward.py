"""Rules for what a pod may learn of itself: fields and resources, by env or file."""

from collections.abc import Iterator

from knarr.api import names, quantities
from knarr.api.core.env import ObjectFieldSelector, ResourceFieldSelector
from knarr.api.field_errors import FieldError, broken_names, invalid, not_supported, required

ENV_FIELDS = (
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
)
"""What an environment variable may hold."""
FILE_FIELDS = (
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
)
"""What a file of a downwardAPI volume may hold."""

_KNOWN_FIELDS = frozenset(
    {
        *ENV_FIELDS,
        *FILE_FIELDS,
        "spec.restartPolicy",
        "spec.schedulerName",
        "status.phase",
    }
)
_RESOURCES = frozenset(
    f"{side}.{name}"
    for side in ("limits", "requests")
    for name in ("cpu", "ephemeral-storage", "memory")
)
_BYTE_DIVISORS = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")


def validate_field(
    selector: ObjectFieldSelector, allowed: tuple[str, ...], path: str
) -> Iterator[FieldError]:
    """A field of the pod by its path."""
    if not selector.api_version:
        yield required(f"{path}.apiVersion")
        return
    if not selector.field_path:
        yield required(f"{path}.fieldPath")
        return
    at = f"{path}.fieldPath"
    whole = selector.field_path
    field, bracket, rest = whole.partition("['")
    subscripted = bool(bracket) and rest.endswith("']")
    if selector.api_version != "v1":
        detail = f"error converting fieldPath: unsupported pod version: {selector.api_version}"
        yield invalid(at, whole, detail)
    elif subscripted:
        yield from _validate_subscript(field, rest[:-2], path)
    elif whole not in _KNOWN_FIELDS:
        yield invalid(at, whole, f"error converting fieldPath: field label not supported: {whole}")
    elif whole not in allowed:
        yield not_supported(at, whole, allowed)


def _validate_subscript(field: str, key: str, path: str) -> Iterator[FieldError]:
    if field == "metadata.annotations":
        yield from broken_names(path, key.lower(), names.qualified_name(key.lower()))
    elif field == "metadata.labels":
        yield from broken_names(path, key, names.qualified_name(key))
    elif field in _KNOWN_FIELDS:
        yield invalid(path, field, "does not support subscript")
    else:
        whole = f"{field}['{key}']"
        yield invalid(
            f"{path}.fieldPath",
            whole,
            f"error converting fieldPath: field label does not support subscript: {whole}",
        )


def validate_resource(
    selector: ResourceFieldSelector, path: str, *, in_volume: bool
) -> Iterator[FieldError]:
    """A container's request or limit."""
    resource = selector.resource
    if in_volume and not selector.container_name:
        yield required(f"{path}.containerName")
    elif not resource:
        yield required(f"{path}.resource")
    elif resource not in _RESOURCES and not resource.startswith(
        ("limits.hugepages-", "requests.hugepages-")
    ):
        yield not_supported(f"{path}.resource", resource, _RESOURCES)
    yield from _validate_divisor(selector, path)


def _validate_divisor(selector: ResourceFieldSelector, path: str) -> Iterator[FieldError]:
    divisor = selector.divisor
    if divisor is None or quantities.is_zero(divisor):
        return
    resource = selector.resource
    allowed: tuple[str, ...] = _BYTE_DIVISORS
    told = "the memory resource"
    if resource.endswith(".cpu"):
        allowed, told = ("1m", "1"), "the cpu resource"
    elif resource.endswith(".ephemeral-storage"):
        told = "the local ephemeral storage resource"
    elif ".hugepages-" in resource:
        told = "the hugepages resource"
    if str(divisor) not in allowed:
        listed = " and ".join(allowed) if len(allowed) == 2 else ", ".join(allowed)
        detail = f"only divisor's values {listed} are supported with {told}"
        yield invalid(f"{path}.divisor", resource, detail)
