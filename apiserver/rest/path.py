"""What a URL path names: an object, a list, a subresource, or something that is no resource."""

from typing import NamedTuple
from urllib.parse import unquote

NAMESPACE_PARTS = frozenset({"status", "finalize"})
"""What follows a namespace's name and is a part of it, not a resource within it."""


class Path(NamedTuple):
    """A path taken apart. For what is no resource only `raw` says anything."""

    raw: str
    is_resource: bool = False
    group: str = ""
    version: str = ""
    namespace: str = ""
    plural: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""
    """What follows the subresource: the path a proxy asks for."""
    watched: bool = False
    """Whether the path goes through the old `/watch/` prefix."""


def parse_path(raw: str) -> Path:
    """Take a path apart. Percent signs are decoded per segment."""
    if not raw.startswith("/api"):
        return Path(raw)
    segments = raw.split("/")
    if "%" in raw:
        segments = [unquote(segment) for segment in segments]
    if len(segments) > 3 and segments[1] == "api":
        return _resource(raw, "", segments[2], segments[3:])
    if len(segments) > 4 and segments[1] == "apis":
        return _resource(raw, segments[2], segments[3], segments[4:])
    return Path(raw)


def _resource(raw: str, group: str, version: str, rest: list[str]) -> Path:
    watched = rest[0] == "watch"
    if watched:
        rest = rest[1:]
    if not rest or not rest[0]:
        return Path(raw)
    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1 and rest[1]:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] and rest[2] not in NAMESPACE_PARTS:
            rest = rest[2:]
    # A trailing slash names nothing, but belongs to the path behind a proxy.
    plural, name, subresource, *tail = (*rest, "", "", "")[: max(3, len(rest))]
    return Path(
        raw,
        is_resource=True,
        group=group,
        version=version,
        namespace=namespace,
        plural=plural,
        name=name,
        subresource=subresource,
        rest="/".join(tail),
        watched=watched,
    )
