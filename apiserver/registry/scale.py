"""The `scale` subresource: one number and a selector of whatever has replicas."""

from typing import Any

from msgspec.structs import replace

from apiserver.registry.custom_object import CustomObject, with_content
from apiserver.registry.parts import Object, with_meta
from apiserver.registry.write import refuse
from apiserver.strategies.strategy import ScalePaths
from knarr.api import selectors
from knarr.api.autoscaling.scale import Scale, ScaleSpec, ScaleStatus
from knarr.api.errors import InternalError
from knarr.api.field_errors import invalid
from knarr.api.kind import Kind
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.status import StatusCause, StatusDetails

SCALE_KIND = Kind("autoscaling", "v1", "", "Scale", "autoscaling.scale:Scale")
"""What a scale answers as; nothing is stored under it."""


def scale_of(obj: Object, paths: ScalePaths | None = None) -> Scale:
    """The scale of an object; `paths` say where in a custom one the numbers are."""
    meta = obj.metadata
    if isinstance(obj, CustomObject):
        assert paths is not None, "a custom resource without scale has no such subresource"
        wanted, found, selector = _custom_numbers(obj, paths)
    else:
        wanted, found = obj.spec.replicas or 0, obj.status.replicas or 0
        selector = _selector(obj.spec.selector)
    return Scale(
        metadata=ObjectMeta(
            name=meta.name,
            namespace=meta.namespace,
            uid=meta.uid,
            resource_version=meta.resource_version,
            creation_timestamp=meta.creation_timestamp,
        ),
        spec=ScaleSpec(replicas=wanted),
        status=ScaleStatus(replicas=found, selector=selector),
    )


def with_scale(old: Object, scale: Scale) -> Object:
    """An object scaled as wanted. Raise InvalidError for a number below zero."""
    meta = scale.metadata
    if scale.spec.replicas < 0:
        why = "must be greater than or equal to 0"
        error = invalid("spec.replicas", scale.spec.replicas, why)
        refuse(SCALE_KIND, meta.name or old.metadata.name, [error])
    changed = with_meta(old, resource_version=meta.resource_version, uid=meta.uid)
    return replace(changed, spec=replace(old.spec, replicas=scale.spec.replicas))


def _selector(selector: Any) -> str:
    if selector is None:
        return ""
    if hasattr(selector, "match_labels"):
        return str(selectors.from_object(selector))
    return str(selectors.matching(selector))


def custom_with_scale(kind: Kind, old: CustomObject, scale: Scale, paths: ScalePaths) -> Object:
    """A custom object scaled as wanted. Raise InvalidError for a number below zero."""
    wanted = scale.spec.replicas
    if wanted < 0:
        error = invalid(paths.spec_replicas, wanted, "should be a non-negative integer")
        refuse(kind, old.metadata.name, [error])
    meta = scale.metadata
    changed = with_meta(old, resource_version=meta.resource_version, uid=meta.uid)
    head, *rest = _names(paths.spec_replicas)
    return with_content(changed, head, _with_value(old.content.get(head), rest, wanted))


def _with_value(value: Any, names: list[str], wanted: Any) -> Any:
    if not names:
        return wanted
    fields = value if isinstance(value, dict) else {}
    return {**fields, names[0]: _with_value(fields.get(names[0]), names[1:], wanted)}


def _names(path: str) -> list[str]:
    return path.removeprefix(".").split(".")


def value_at(obj: CustomObject, path: str) -> Any:
    """What a simple path leads to, None where there is nothing."""
    value: Any = obj.content
    for name in _names(path):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _custom_numbers(obj: CustomObject, paths: ScalePaths) -> tuple[int, int, str]:
    wanted = value_at(obj, paths.spec_replicas)
    if wanted is None:
        told = f'the spec replicas field "{paths.spec_replicas}" does not exist'
        raise InternalError(
            f"Internal error occurred: {told}",
            details=StatusDetails(causes=(StatusCause(message=told),)),
        )
    found = value_at(obj, paths.status_replicas)
    selector = value_at(obj, paths.selector) if paths.selector else None
    return wanted, found or 0, selector if isinstance(selector, str) else ""
