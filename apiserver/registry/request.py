"""What one call of the registry carries and what it answers."""

from collections.abc import Sequence
from enum import Enum
from typing import Literal

import msgspec
from msgspec import Struct, field

from apiserver.storage.entry import Entry
from knarr.api.kind import Kind
from knarr.api.meta.status import Status
from knarr.api.structs import ApiStruct

FieldValidation = Literal["Ignore", "Warn", "Strict"]
ResourceVersionMatch = Literal["", "Exact", "NotOlderThan"]


class PatchType(Enum):
    """The four ways to say a change."""

    JSON = "application/json-patch+json"
    MERGE = "application/merge-patch+json"
    STRATEGIC = "application/strategic-merge-patch+json"
    APPLY = "application/apply-patch+yaml"


class Body(Struct, frozen=True):
    """What a write carries: bytes as they came, or an object of the same process."""

    data: bytes | ApiStruct
    media_type: str = "application/json"
    """`application/json` or `application/yaml`; of no meaning for an object."""


class User(Struct, frozen=True):
    """Who asks."""

    name: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


SYSTEM = User("system:apiserver", groups=("system:masters", "system:authenticated"))
"""The server itself."""


class Request(Struct, frozen=True, kw_only=True):
    """One call: who, on what, and how."""

    user: User
    kind: Kind
    namespace: str = ""
    """Empty for cluster-wide kinds and for lists over all namespaces."""
    name: str = ""
    subresource: str = ""
    field_manager: str = ""
    """Who owns the fields written; the server falls back to the client's program name."""
    field_validation: FieldValidation = "Warn"
    dry_run: bool = False
    is_patch: bool = False
    """Whether the object of an update is made from a patch; the registry sets it."""
    is_apply: bool = False
    """Whether that patch is server-side apply."""
    warnings: list[str] = field(default_factory=list)
    """What the answer's Warning headers will say; the registry appends."""
    audit: dict[str, str] = field(default_factory=dict)
    """Annotations of the line in the audit log; the registry adds."""


class ListOptions(Struct, frozen=True, kw_only=True):
    """What a list or watch asks for, parsed but for the selectors."""

    label_selector: str = ""
    field_selector: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: ResourceVersionMatch = ""
    allow_bookmarks: bool = False
    send_initial_events: bool | None = None
    timeout_s: int | None = None


STATUS_KIND = Kind("", "v1", "", "Status", "meta.status:Status", namespaced=False)
"""What a Status answers as; no resource is stored under it."""


class Answer(Struct, frozen=True, kw_only=True):
    """What a verb on one object answers: the object, or a Status where there is none to show."""

    kind: Kind
    """The kind of `entry`: of the resource, or of the subresource, such as Scale."""
    entry: Entry | None = None
    status: Status | None = None
    created: bool = False
    """Whether the write made the object: REST says 201."""
    pending: bool = False
    """Whether a delete has begun and is not done: REST says 202 where Kubernetes does."""
    revision: int = 0
    """The revision of the write, or of the object read."""

    @property
    def body(self) -> bytes:
        """The whole answer as JSON, `kind` and `apiVersion` first."""
        if self.entry is not None:
            return self.entry.whole(self.kind)
        assert self.status is not None, "an answer holds an object or a Status"
        return STATUS_HEAD + msgspec.json.encode(self.status)[1:]


STATUS_HEAD = b'{"kind":"Status","apiVersion":"v1","metadata":{},'


class ListPage(Struct, frozen=True):
    """The answer of a list."""

    entries: Sequence[Entry]
    revision: int
    continue_token: str = ""
    remaining: int | None = None
