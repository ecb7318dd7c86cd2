"""What webhooks and policies are told of a request, and how their changes are read."""

from typing import Any

from apiserver.admission.admission import Attributes
from apiserver.registry.core import Core
from apiserver.registry.custom_object import custom_object
from apiserver.registry.decode import custom_metadata
from apiserver.registry.patch import plain_of
from knarr.api import codec, thorough
from knarr.api.errors import InternalError
from knarr.api.kind import Kind

Plain = dict[str, Any]

_OPTIONS = {
    "CREATE": "CreateOptions",
    "UPDATE": "UpdateOptions",
    "DELETE": "DeleteOptions",
    "CONNECT": "ConnectOptions",
}


def plain(obj: Any, kind: Kind) -> Plain | None:
    """An object as JSON values, None for none."""
    if obj is None or isinstance(obj, dict):
        return obj
    if not hasattr(obj, "metadata"):
        found: Plain = codec.to_plain(obj)
        return found
    return plain_of(obj, kind)


def objects(attributes: Attributes, kind: Kind | None = None) -> dict[str, Plain | None]:
    """The object and the one before it, as a kind or as what they are."""
    kind = attributes.object_kind or kind or attributes.kind
    return {"object": plain(attributes.object, kind), "oldObject": plain(attributes.old, kind)}


def typed(core: Core, kind: Kind, value: Plain) -> Any:
    """The object of changed JSON values, as if a client had sent it. Raise InternalError."""
    try:
        if kind.type_path:
            obj: Any = codec.from_plain(kind.type, value)
        else:
            metadata, _ = custom_metadata(value)
            obj = custom_object(value, metadata)
    except thorough.DecodeError as error:
        raise InternalError(f"Internal error occurred: {error}") from None
    return core.resource_of(kind).strategy.default(obj)


def request_of(attributes: Attributes, kind: Kind) -> Plain:
    """The facts of a request but for its objects, as AdmissionReview words them."""
    own = attributes.kind
    sent, asked = attributes.object_kind or kind, attributes.object_kind or own
    user: Plain = {"username": attributes.user, "groups": list(attributes.groups)}
    if attributes.extra:
        user["extra"] = {name: list(values) for name, values in attributes.extra.items()}
    found: Plain = {
        "kind": {"group": sent.group, "version": sent.version, "kind": sent.name},
        "resource": {"group": kind.group, "version": kind.version, "resource": kind.plural},
        "requestKind": {"group": asked.group, "version": asked.version, "kind": asked.name},
        "requestResource": {"group": own.group, "version": own.version, "resource": own.plural},
        "operation": attributes.operation,
        "userInfo": user,
        "dryRun": attributes.dry_run,
        "options": {"kind": _OPTIONS[attributes.operation], "apiVersion": "meta.k8s.io/v1"},
    }
    if attributes.name:
        found["name"] = attributes.name
    if attributes.namespace or _is_namespace(own):
        found["namespace"] = attributes.namespace or attributes.name
    if attributes.subresource:
        found["subResource"] = found["requestSubResource"] = attributes.subresource
    return found


def _is_namespace(kind: Kind) -> bool:
    return kind.plural == "namespaces" and not kind.group
