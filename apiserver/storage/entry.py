"""An object and a watch event as they lie in memory, shared by all who read."""

from dataclasses import dataclass, field
from typing import Literal

from knarr.api.kind import Kind

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]


class Entry:
    """An object as it lies in the watch cache: encoded once, shared by all who read.

    `json` is the object without `kind` and `apiVersion`, its resourceVersion
    included; `Kind` and version in front of it is one join: see `whole`.
    """

    __slots__ = ("fields", "json", "key", "labels", "object", "revision")

    def __init__(
        self,
        *,
        key: str,
        revision: int,
        json: bytes,
        obj: object,
        labels: dict[str, str],
        fields: dict[str, str],
    ) -> None:
        self.key = key
        self.revision = revision
        self.json = json
        self.object = obj
        self.labels = labels
        self.fields = fields

    def whole(self, kind: Kind) -> bytes:
        """The object as a client gets it, `kind` and `apiVersion` first."""
        return b'{"kind":"%s","apiVersion":"%s",%s' % (
            kind.name.encode(),
            kind.api_version.encode(),
            self.json[1:],
        )


@dataclass(slots=True, eq=False)
class Event:
    """One line of a watch. A BOOKMARK has no entry, only a revision."""

    type: EventType
    entry: Entry | None
    revision: int
    initial_events_end: bool = False
    """On the bookmark that ends `sendInitialEvents`."""
    frames: dict[str, bytes] = field(default_factory=dict, repr=False)
    """The event as it goes over the wire, by form: whoever needs a form first makes it for all."""
