"""The paths of the API, and what may be done at each."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from knarr.api.kind import Kind, Subresource
from knarr.api.openapi.definitions import GVK

Plain = dict[str, Any]

_LISTING = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "pretty",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
    "watch",
)
_WRITING = ("dryRun", "fieldManager", "fieldValidation", "pretty")
_DELETING = (
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "pretty",
    "propagationPolicy",
)
_QUERY: Mapping[str, tuple[str, ...]] = {
    "list": _LISTING,
    "get": ("pretty",),
    "post": _WRITING,
    "put": _WRITING,
    "patch": (*_WRITING[:3], "force", "pretty"),
    "delete": _DELETING,
    "deletecollection": tuple(sorted({*_LISTING, *_DELETING} - {"allowWatchBookmarks", "watch"})),
}
_LOG = (
    "container",
    "follow",
    "insecureSkipTLSVerifyBackend",
    "limitBytes",
    "pretty",
    "previous",
    "sinceSeconds",
    "stream",
    "tailLines",
    "timestamps",
)
_STREAMS = ("container", "stderr", "stdin", "stdout", "tty")
_CONNECT: Mapping[str, tuple[str, ...]] = {
    "attach": _STREAMS,
    "exec": ("command", *_STREAMS),
    "portforward": ("ports",),
    "proxy": ("path",),
}
_CONNECT_METHODS: Mapping[str, tuple[str, ...]] = {
    "proxy": ("delete", "get", "head", "options", "patch", "post", "put"),
}
_INTEGERS = frozenset(
    {"gracePeriodSeconds", "limit", "limitBytes", "sinceSeconds", "tailLines", "timeoutSeconds"}
)
_BOOLEANS = frozenset(
    {
        "allowWatchBookmarks",
        "follow",
        "force",
        "ignoreStoreReadErrorWithClusterBreakingPotential",
        "insecureSkipTLSVerifyBackend",
        "orphanDependents",
        "previous",
        "sendInitialEvents",
        "stderr",
        "stdin",
        "stdout",
        "timestamps",
        "tty",
        "watch",
    }
)
PATCH_TYPES = (
    "application/apply-patch+cbor",
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
CUSTOM_PATCH_TYPES = PATCH_TYPES[:4]
"""Custom resources know no strategic merge patch."""
_METHODS: Mapping[str, tuple[str, str]] = {
    "get": ("get", "get"),
    "update": ("put", "put"),
    "patch": ("patch", "patch"),
    "delete": ("delete", "delete"),
    "create": ("post", "post"),
    "list": ("get", "list"),
    "deletecollection": ("delete", "deletecollection"),
}


def base_of(kind: Kind) -> str:
    """The path of a group version: `/api/v1`, `/apis/apps/v1`."""
    return f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"


class Operation:
    """One method at one path, before either OpenAPI version words it."""

    def __init__(  # what tells operations apart
        self,
        kind: Kind,
        path: str,
        method: str,
        action: str,
        *,
        query: Sequence[str],
        subresource: Subresource | None = None,
    ) -> None:
        self.kind = kind
        self.path = path
        self.method = method
        self.action = action
        self.query = tuple(query)
        self.subresource = subresource

    @property
    def id(self) -> str:
        """A name of its own for each operation, which client generators make methods of."""
        group = "".join(word.capitalize() for word in self.kind.group.split(".")[0].split("-"))
        words = [self.action.capitalize(), group or "Core", self.kind.version.capitalize()]
        if "{namespace}" in self.path:
            words.append("Namespaced")
        words.append(self.kind.name)
        if self.action == "list" and self.kind.namespaced and "{namespace}" not in self.path:
            words.append("ForAllNamespaces")
        if self.subresource is not None:
            words.append(self.subresource.name.capitalize())
        if self.action == "connect":
            words.insert(1, self.method.capitalize())
        if self.path.endswith("{path}"):
            words.append("WithPath")
        joined = "".join(words)
        return joined[0].lower() + joined[1:]

    @property
    def mark(self) -> Plain:
        """The kind that the operation takes and gives."""
        if self.subresource is None:
            return _mark(self.kind.group, self.kind.version, self.kind.name)
        sub = self.subresource
        if sub.name == "log":
            return _mark(self.kind.group, self.kind.version, self.kind.name)
        group = sub.group or (self.kind.group if not sub.version else "")
        return _mark(group, sub.version or self.kind.version, sub.kind)

    def extensions(self) -> Plain:
        """What Kubernetes adds to an operation."""
        return {"x-kubernetes-action": self.action, GVK: self.mark}


def _mark(group: str, version: str, kind: str) -> Plain:
    return {"group": group, "kind": kind, "version": version}


def operations(kinds: Iterable[Kind]) -> list[Operation]:
    """Every operation on these kinds, by path."""
    found: list[Operation] = []
    for kind in kinds:
        found += _of_kind(kind)
        for subresource in kind.subresources:
            found += _of_subresource(kind, subresource)
    return sorted(found, key=lambda operation: (operation.path, operation.method))


def _of_kind(kind: Kind) -> Iterable[Operation]:
    base = base_of(kind)
    inner = f"{base}/namespaces/{{namespace}}" if kind.namespaced else base
    everywhere, here = f"{base}/{kind.plural}", f"{inner}/{kind.plural}"
    for verb in kind.verbs:
        if verb not in _METHODS:
            continue
        method, action = _METHODS[verb]
        path = here if verb in ("create", "list", "deletecollection") else f"{here}/{{name}}"
        yield Operation(kind, path, method, action, query=_QUERY[action])
    if kind.namespaced and "list" in kind.verbs:
        yield Operation(kind, everywhere, "get", "list", query=_LISTING)


def _of_subresource(kind: Kind, subresource: Subresource) -> Iterable[Operation]:
    base = base_of(kind)
    inner = f"{base}/namespaces/{{namespace}}" if kind.namespaced else base
    path = f"{inner}/{kind.plural}/{{name}}/{subresource.name}"
    if subresource.name in _CONNECT:
        query = _CONNECT[subresource.name]
        methods = _CONNECT_METHODS.get(subresource.name, ("get", "post"))
        tails = (path, f"{path}/{{path}}") if subresource.name == "proxy" else (path,)
        for each in tails:
            for method in methods:
                yield Operation(kind, each, method, "connect", query=query, subresource=subresource)
        return
    for verb in subresource.verbs:
        method, action = _METHODS[verb]
        query = _LOG if subresource.name == "log" else _QUERY[action]
        yield Operation(kind, path, method, action, query=query, subresource=subresource)


def parameter_type(name: str) -> str:
    """The type of a query parameter's value."""
    return "integer" if name in _INTEGERS else "boolean" if name in _BOOLEANS else "string"
