"""What an authorizer is asked, and how a refusal is worded."""

from typing import Literal, NamedTuple

from apiserver.registry.request import User
from knarr.api.errors import ForbiddenError
from knarr.api.meta.status import StatusDetails

Verdict = Literal["allow", "deny", "none"]


class Attributes(NamedTuple):
    """Who wants to do what to what."""

    user: User
    verb: str
    is_resource: bool = True
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


class Decision(NamedTuple):
    """What an authorizer answers; `none` means that it has no opinion."""

    verdict: Verdict
    reason: str = ""


def refusal(asked: Attributes, reason: str = "") -> ForbiddenError:
    """The error for what is not allowed."""
    user = _quoted(asked.user.name)
    tail = f": {reason}" if reason else ""
    if not asked.is_resource:
        message = f"forbidden: User {user} cannot {asked.verb} path {_quoted(asked.path)}"
        return ForbiddenError(message + tail, details=StatusDetails())
    resource = asked.resource + (f"/{asked.subresource}" if asked.subresource else "")
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    what = f"{asked.resource}.{asked.group}" if asked.group else asked.resource
    name = f" {_quoted(asked.name)}" if asked.name else ""
    message = (
        f"{what}{name} is forbidden: User {user} cannot {asked.verb} "
        f'resource "{resource}" in API group "{asked.group}" {where}'
    )
    details = StatusDetails(name=asked.name, group=asked.group, kind=asked.resource)
    return ForbiddenError(message + tail, details=details)


def named_by(field_selector: str) -> str:
    """The name in `metadata.name=NAME`: a rule on that name allows such a list or watch."""
    field, _, name = field_selector.partition("=")
    name = name.removeprefix("=")
    return name if field == "metadata.name" and "," not in name else ""


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
