"""Whether the name and namespace of an object are those of the request."""

from apiserver.registry.parts import Object, with_meta
from apiserver.registry.request import Request
from apiserver.registry.resource import Resource
from knarr.api.errors import BadRequestError


def with_place(obj: Object, request: Request, resource: Resource) -> Object:
    """Give a new object the namespace of the request. Raise BadRequestError when it has another."""
    meta = obj.metadata
    if request.name and not request.subresource and meta.name and meta.name != request.name:
        raise wrong_name(meta.name, request.name)
    if resource.kind.namespaced and not meta.namespace:
        return with_meta(obj, namespace=request.namespace)
    if meta.namespace != request.namespace:
        if not resource.kind.namespaced:
            return obj if resource.kind.type_path else with_meta(obj, namespace="")
        raise BadRequestError(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return obj


def check_place(obj: Object, request: Request) -> Object:
    """Check the name and namespace of an object sent as an update, and fill in the namespace."""
    meta = obj.metadata
    if not meta.name:
        raise BadRequestError(
            f"the name of the object ({request.name} based on URL) was undeterminable: "
            "name must be provided"
        )
    if meta.name != request.name:
        raise wrong_name(meta.name, request.name)
    if not request.kind.namespaced or meta.namespace == request.namespace:
        return obj
    if meta.namespace:
        raise BadRequestError(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return with_meta(obj, namespace=request.namespace)


def wrong_name(name: str, wanted: str) -> BadRequestError:
    """The object is called otherwise than the URL says."""
    return BadRequestError(
        f"the name of the object ({name}) does not match the name on the URL ({wanted})"
    )
