"""The `authorizer` of expressions: asks whether the user of a request may do something else too."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from apiserver.admission.admission import Attributes
from apiserver.registry.request import User
from knarr.cel.errors import no_key, no_overload


class Asked(Struct, frozen=True, kw_only=True):
    """What somebody might do: with a resource, or with a path where there is one."""

    verb: str = ""
    path: str = ""
    group: str = ""
    version: str = "*"
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""


Decide = Callable[[User, Asked], tuple[bool, str]]
"""Whether a user may do it, and why."""

_ACCOUNT = "system:serviceaccount"


class Authorizer:
    """`authorizer`, for one user."""

    def __init__(self, decide: Decide, user: User, own: Asked) -> None:
        self._decide = decide
        self._user = user
        self._own = own

    def has_field(self, name: str) -> bool:
        """There is one: what the request itself is about."""
        return name == "requestResource"

    def field(self, name: str) -> Any:
        """A check of what the request is about. Raise CelError."""
        if name != "requestResource":
            raise no_key(name)
        return ResourceCheck(self._decide, self._user, self._own)

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """`group`, `path` or `serviceAccount`. Raise CelError."""
        match name, args:
            case "group", (str() as group,):
                return GroupCheck(self._decide, self._user, Asked(group=group))
            case "path", (str() as path,):
                return PathCheck(self._decide, self._user, Asked(path=path))
            case "serviceAccount", (str() as namespace, str() as account):
                groups = (f"{_ACCOUNT}s", f"{_ACCOUNT}s:{namespace}", "system:authenticated")
                user = User(f"{_ACCOUNT}:{namespace}:{account}", groups=groups)
                return Authorizer(self._decide, user, self._own)
        raise no_overload(name)


class _Check:
    def __init__(self, decide: Decide, user: User, asked: Asked) -> None:
        self._decide = decide
        self._user = user
        self._asked = asked

    def _decision(self, verb: str) -> "Decision":
        return Decision(*self._decide(self._user, replace(self._asked, verb=verb)))


class PathCheck(_Check):
    """What may be done with a path."""

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """`check`. Raise CelError."""
        match name, args:
            case "check", (str() as verb,):
                return self._decision(verb)
        raise no_overload(name)


class GroupCheck(_Check):
    """A group of resources."""

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """`resource`. Raise CelError."""
        match name, args:
            case "resource", (str() as resource,):
                asked = replace(self._asked, resource=resource)
                return ResourceCheck(self._decide, self._user, asked)
        raise no_overload(name)


class ResourceCheck(_Check):
    """What may be done with a resource."""

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """`check`, or one of what narrows it. Raise CelError."""
        match name, args:
            case "check", (str() as verb,):
                return self._decision(verb)
            case (("subresource" | "namespace" | "name"), (str() as value,)):
                asked = replace(self._asked, **{name: value})
                return ResourceCheck(self._decide, self._user, asked)
            case (("fieldSelector" | "labelSelector"), (str(),)):
                return self  # Rules know no selectors, so nothing is allowed by them alone.
        raise no_overload(name)


class Decision(Struct, frozen=True):
    """Whether something is allowed, and why."""

    is_allowed: bool
    why: str = ""

    def call(self, name: str, args: tuple[Any, ...]) -> Any:
        """`allowed`, `reason`, `errored` or `error`. Raise CelError."""
        answers: Mapping[str, Any] = {
            "allowed": self.is_allowed,
            "reason": self.why,
            "errored": False,
            "error": "",
        }
        if args or name not in answers:
            raise no_overload(name)
        return answers[name]


def authorizer_for(decide: Decide, attributes: Attributes) -> Authorizer:
    """The authorizer of the user of a request."""
    user = User(
        attributes.user,
        groups=attributes.groups,
        extra=tuple((key, tuple(values)) for key, values in attributes.extra.items()),
    )
    kind = attributes.kind
    own = Asked(
        group=kind.group,
        version=kind.version,
        resource=kind.plural,
        subresource=attributes.subresource,
        namespace=attributes.namespace,
        name=attributes.name,
    )
    return Authorizer(decide, user, own)
