"""The `scale` subresource: one number and a selector of whatever has replicas."""

from typing import Any

from msgspec.structs import replace

from apiserver.registry.custom_object import CustomObject, with_content
from apiserver.registry.parts import Object, with_meta
from apiserver.registry.write import refuse
from knarr.api import selectors
from knarr.api.autoscaling.scale import Scale, ScaleSpec, ScaleStatus
from knarr.api.field_errors import invalid
from knarr.api.kinds import Kind
from knarr.api.meta.object_meta import ObjectMeta

SCALE_KIND = Kind("autoscaling", "v1", "", "Scale", "autoscaling.scale:Scale")
"""What a scale answers as; nothing is stored under it."""


def scale_of(obj: Object) -> Scale:
    """The scale of an object."""
    meta = obj.metadata
    if isinstance(obj, CustomObject):
        wanted, found, selector = _custom_numbers(obj)
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
    if isinstance(old, CustomObject):
        spec = {**(old.content.get("spec") or {}), "replicas": scale.spec.replicas}
        return with_content(changed, "spec", spec)
    return replace(changed, spec=replace(old.spec, replicas=scale.spec.replicas))


def _selector(selector: Any) -> str:
    if selector is None:
        return ""
    if hasattr(selector, "match_labels"):
        return str(selectors.from_object(selector))
    return str(selectors.matching(selector))


def _custom_numbers(obj: CustomObject) -> tuple[int, int, str]:
    spec, status = obj.content.get("spec") or {}, obj.content.get("status") or {}
    return spec.get("replicas") or 0, status.get("replicas") or 0, status.get("selector") or ""
