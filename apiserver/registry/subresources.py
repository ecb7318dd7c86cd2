"""Parts of objects that have an address of their own, one function each.

`replacing` turns a body sent to a subresource into a change of the whole
object; `post` does what the subresources do that are verbs in disguise.
"""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from apiserver.registry import conversion, eviction, failures, pod_binding
from apiserver.registry.core import Core
from apiserver.registry.parts import Object, with_meta
from apiserver.registry.request import Answer, Request
from apiserver.registry.resource import Resource
from apiserver.registry.scale import SCALE_KIND, custom_with_scale, scale_of, with_scale
from apiserver.storage.entry import Entry
from knarr.api import codec
from knarr.api.core.pod import Pod
from knarr.api.kind import Kind
from knarr.api.kind_table import BUILT_IN_TABLE

Change = Callable[[Entry | None], Object]

BINDING_KIND = Kind("", "v1", "bindings", "Binding", "core.binding:Binding")
EVICTION_KIND = Kind("policy", "v1", "", "Eviction", "policy.eviction:Eviction")
TOKEN_KIND = Kind(
    "authentication.k8s.io", "v1", "", "TokenRequest", "authentication.token_request:TokenRequest"
)
_KINDS = {
    "scale": SCALE_KIND,
    "binding": BINDING_KIND,
    "eviction": EVICTION_KIND,
    "token": TOKEN_KIND,
}
"""What bodies of these subresources are; all others are of the object's own kind."""

COUNTED = frozenset({"scale", "resize", "ephemeralcontainers"})
"""Subresources that change the spec."""


def kind_of(request: Request) -> Kind:
    """What the body of a request is to be."""
    return _KINDS.get(request.subresource, request.kind)


def entry_of(obj: Any) -> Entry:
    """An object that is answered and never stored."""
    return Entry(key="", revision=0, json=codec.encode(obj), obj=obj, labels={}, fields={})


def shown(request: Request, resource: Resource, entry: Entry) -> tuple[Kind, Entry]:
    """What a request for a subresource answers of a stored object, and its kind."""
    if request.subresource == "scale":
        scale = entry_of(scale_of(entry.object, resource.strategy.scale_paths))
        return SCALE_KIND, scale
    return request.kind, conversion.entry_for(request.kind, resource, entry)


def object_shown(request: Request, resource: Resource, obj: Object) -> Object:
    """What a patch of a subresource is made to."""
    if request.subresource == "scale":
        return scale_of(obj, resource.strategy.scale_paths)
    return conversion.shown_object(request.kind, resource, obj)


def replacing(request: Request, resource: Resource, sent: Object) -> Change:
    """The change that a body sent by PUT asks for."""

    def change(entry: Entry | None) -> Object:
        return taken_over(request, resource, sent, entry)

    return change


def taken_over(request: Request, resource: Resource, sent: Object, entry: Entry | None) -> Object:
    """The whole object with what a body sent to a subresource says."""
    name = request.subresource
    if name != "scale":
        sent = conversion.stored_object(request.kind, resource, sent)
    if entry is None:
        return sent
    paths = resource.strategy.scale_paths
    if name == "scale" and paths is not None:
        return custom_with_scale(request.kind, entry.object, sent, paths)  # type: ignore[arg-type]  # only custom objects have paths
    take = _TAKE.get(name)
    return sent if take is None else take(entry.object, sent)


def _finalizers(old: Any, sent: Any) -> Any:
    spec = replace(old.spec, finalizers=sent.spec.finalizers)
    return replace(_as_sent(old, sent), spec=spec)


def _ephemeral_containers(old: Any, sent: Any) -> Any:
    spec = replace(old.spec, ephemeral_containers=sent.spec.ephemeral_containers)
    return replace(_as_sent(old, sent), spec=spec)


def _resized(old: Pod, sent: Pod) -> Pod:
    """The pod with the resources, and only those, that were sent for its containers."""
    by_name = {container.name: container for container in sent.spec.containers}
    containers = tuple(
        replace(
            each,
            resources=by_name[each.name].resources,
            resize_policy=by_name[each.name].resize_policy,
        )
        if each.name in by_name
        else each
        for each in old.spec.containers
    )
    spec = replace(old.spec, containers=containers, resources=sent.spec.resources)
    changed: Pod = replace(_as_sent(old, sent), spec=spec)
    return changed


def _as_sent(old: Any, sent: Any) -> Any:
    """The old object at the version that was sent."""
    meta = sent.metadata
    return with_meta(
        old,
        resource_version=meta.resource_version,
        uid=meta.uid,
        managed_fields=meta.managed_fields,
        annotations=meta.annotations,
        labels=meta.labels,
    )


_TAKE: dict[str, Callable[[Any, Any], Any]] = {
    "scale": with_scale,
    "finalize": _finalizers,
    "ephemeralcontainers": _ephemeral_containers,
    "resize": _resized,
}


async def post(core: Core, request: Request, obj: Any) -> Answer:
    """Do what a POST to a subresource asks for."""
    pods = BUILT_IN_TABLE.by_kind("v1", "Pod")
    assert pods is not None, "pods are built in"
    if request.kind.plural == "bindings":
        return await pod_binding.bind_old(core, request, pods, obj)
    if request.subresource == "binding":
        return await pod_binding.bind(core, request, obj)
    if request.subresource == "eviction":
        return await eviction.evict(core, request, obj)
    raise failures.method_not_allowed()
