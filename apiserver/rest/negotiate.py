"""Which form a client wants: JSON or YAML, the object itself, a Table, or only its metadata."""

from functools import lru_cache
from typing import NamedTuple

from knarr.api.errors import NotAcceptableError

META_GROUP = "meta.k8s.io"
ACCEPTED = "application/json, application/yaml, application/vnd.kubernetes.protobuf"
"""What the error names: protobuf as in Kubernetes, though it is refused; clients offer JSON too."""

_TRANSFORMS = {
    ("Table", META_GROUP, "v1"),
    ("Table", META_GROUP, "v1beta1"),
    ("PartialObjectMetadata", META_GROUP, "v1"),
    ("PartialObjectMetadata", META_GROUP, "v1beta1"),
    ("PartialObjectMetadataList", META_GROUP, "v1"),
    ("PartialObjectMetadataList", META_GROUP, "v1beta1"),
}
_DISCOVERIES = {
    ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2"),
    ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2beta1"),
}
_MEDIA = {
    "application/json": "json",
    "application/yaml": "yaml",
    "*/*": "json",
    "application/*": "json",
}


class Form(NamedTuple):
    """The form of an answer."""

    media: str = "json"
    kind: str = ""
    """`Table` and the like; empty for the object as it is."""
    version: str = ""
    pretty: bool = False

    @property
    def content_type(self) -> str:
        """What the answer's header says."""
        return "application/yaml" if self.media == "yaml" else "application/json"


JSON = Form()


class _Clause(NamedTuple):
    media: str
    params: dict[str, str]
    quality: float


@lru_cache(maxsize=512)
def _clauses(accept: str) -> tuple[_Clause, ...]:
    found = []
    for clause in accept.split(","):
        media, *params = (part.strip() for part in clause.split(";"))
        pairs = dict(part.partition("=")[::2] for part in params)
        try:
            quality = float(pairs.pop("q", "1"))
        except ValueError:
            quality = 0.0
        found.append(_Clause(media.lower(), pairs, quality))
    # Python's sort is stable: what stands first wins among equals.
    return tuple(sorted(found, key=lambda clause: -clause.quality))


@lru_cache(maxsize=512)
def _negotiate(accept: str, allowed: str) -> Form | None:
    transforms = {"objects": _TRANSFORMS, "discovery": _DISCOVERIES, "plain": set()}[allowed]
    for clause in _clauses(accept):
        media = _MEDIA.get(clause.media)
        if media is None:
            continue
        kind = clause.params.get("as", "")
        if not kind:
            return Form(media)
        version = clause.params.get("v", "")
        if (kind, clause.params.get("g", ""), version) in transforms:
            return Form(media, kind, version)
        # What merely lists or says something of its own accepts any transformation as none.
        if allowed == "plain":
            return Form(media)
    return None


def negotiate(accept: str, *, allowed: str = "objects") -> Form:
    """The first form of an Accept header that the server can make. Raise NotAcceptableError.

    `allowed` is `objects` (Table and the like), `discovery` (aggregated
    discovery) or `plain` (neither).
    """
    if not accept:
        return JSON
    form = _negotiate(accept, allowed)
    if form is None:
        raise NotAcceptableError(f"only the following media types are accepted: {ACCEPTED}")
    return form
