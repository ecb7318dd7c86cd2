"""One request on its way through the server."""

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from aiohttp import web
from msgspec import Struct, field

from apiserver.auth.authenticate import ANONYMOUS
from apiserver.registry.request import User
from apiserver.rest.path import Path, parse_path

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "GET": "get", "HEAD": "get"}


class Call(Struct):
    """A request, what its path names and who makes it."""

    request: web.BaseRequest
    method: str
    path: Path
    query: Mapping[str, Sequence[str]]
    user: User = ANONYMOUS
    """For whom the request is made: another than `by` when somebody acts for others."""
    by: User = ANONYMOUS
    """Who makes it."""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    """What the audit log says of it besides."""
    id: str = ""
    """What Audit-Id says."""
    verb: str = ""
    """The verb that rules speak of: get, list, watch, create, …; else the method."""

    def first(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        values = self.query.get(name)
        return values[0] if values else default

    def flag(self, name: str) -> bool:
        """A boolean parameter: anything but `false` and `0` means yes, absence no."""
        values = self.query.get(name)
        return values is not None and values[0].lower() not in ("false", "0")


def call_of(request: web.BaseRequest, call_id: str) -> Call:
    """Take a request apart."""
    raw, _, query_string = request.raw_path.partition("?")
    path = parse_path(raw)
    query = parse_qs(query_string, keep_blank_values=True) if query_string else {}
    call = Call(request, request.method, path, query, id=call_id)
    call.verb = _verb(call)
    return call


def _verb(call: Call) -> str:
    if not call.path.is_resource:
        return call.method.lower()
    if call.method == "DELETE":
        return "delete" if call.path.name else "deletecollection"
    if call.method not in ("GET", "HEAD"):
        return _VERBS.get(call.method, "")
    if call.path.watched:
        return "watch"
    # With a name `?watch` says nothing: it is the object that is asked for.
    if call.path.name:
        return "get"
    return "watch" if call.flag("watch") else "list"
