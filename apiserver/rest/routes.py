"""Finds what a path leads to in the table of kinds, and which verbs it knows there."""

from apiserver.registry import failures
from apiserver.rest.call import Call
from knarr.api.errors import MethodNotSupportedError, NotFoundError
from knarr.api.kind import Kind, Subresource
from knarr.api.kind_table import KindTable
from knarr.api.meta.status import StatusDetails

COLLECTION_VERBS = frozenset({"create", "deletecollection", "list"})
OBJECT_VERBS = frozenset({"delete", "get", "patch", "update"})

_SUBRESOURCE_VERBS = {
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "GET": "get",
    "DELETE": "delete",
    "HEAD": "get",
    "OPTIONS": "get",
}


class NoSuchPageError(Exception):
    """The path is not one of the API's at all: answered in plain text."""


def not_there() -> NotFoundError:
    """The answer for a resource nobody serves."""
    return failures.not_served()


def not_allowed() -> MethodNotSupportedError:
    """The answer for a verb that the resource does not know."""
    return MethodNotSupportedError(
        "the server does not allow this method on the requested resource", details=StatusDetails()
    )


def find(call: Call, kinds: KindTable) -> tuple[Kind, Subresource | None]:
    """The kind and subresource that a path names, the verb checked.

    Raise NotFoundError, MethodNotSupportedError or NoSuchPageError.
    """
    path = call.path
    kind = kinds.by_resource(path.group, path.version, path.plural)
    if kind is None:
        if not kinds.serves(path.group, path.version) or kinds.is_custom(path.group):
            raise NoSuchPageError
        raise not_there()
    _check_scope(call, kind)
    if path.subresource:
        return kind, _subresource(call, kind)
    known = OBJECT_VERBS if path.name else COLLECTION_VERBS
    verbs = known.intersection(kind.verbs)
    if not verbs:
        raise not_there()
    wanted = "list" if call.verb == "watch" and not path.name else call.verb
    if call.verb == "watch" and path.name:
        wanted = "get"
    if wanted not in verbs or call.method == "HEAD":
        raise not_allowed()
    if kind.namespaced and not path.namespace and wanted != "list":
        raise not_allowed()
    return kind, None


def _check_scope(call: Call, kind: Kind) -> None:
    path = call.path
    if kind.namespaced:
        # Over all namespaces there are only lists.
        if path.name and not path.namespace:
            raise not_there() if kind.type_path else NoSuchPageError
    elif path.namespace and kind.plural != "namespaces":
        raise not_there() if kind.type_path else NoSuchPageError


def _subresource(call: Call, kind: Kind) -> Subresource:
    for subresource in kind.subresources:
        if subresource.name == call.path.subresource:
            break
    else:
        raise not_there() if kind.type_path else failures.not_found(kind, call.path.name)
    if call.path.rest and subresource.name != "proxy":
        raise not_there()
    verb = _SUBRESOURCE_VERBS.get(call.method, "")
    if verb not in subresource.verbs or (call.method == "HEAD" and subresource.name != "proxy"):
        raise not_allowed()
    return subresource
