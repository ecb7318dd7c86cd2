"""Everything that was ever stored, in order, as objects."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from apiserver.storage.store import Change, Store
from knarr.api import codec
from knarr.api.kinds import BUILT_IN
from knarr.api.structs import ApiStruct

WATCHED = (
    "pods",
    "replicasets",
    "deployments",
    "nodes",
    "jobs",
    "daemonsets",
    "persistentvolumeclaims",
)
_FOLDERS = {"nodes": "minions"}
"""Kinds that do not lie under their own name."""
_TYPES = {
    _FOLDERS.get(kind.plural, kind.plural): kind for kind in BUILT_IN if kind.plural in WATCHED
}
"""The kinds that checks look at; others are only counted into the digest."""


@dataclass(frozen=True)
class Moment:
    """One write: when, what there was before and is there after."""

    at_s: float
    revision: int
    key: str
    old: ApiStruct | None
    new: ApiStruct | None


@dataclass
class History:
    """The writes of one simulation."""

    moments: list[Moment] = field(default_factory=list)
    disturbed: set[str] = field(default_factory=set)
    """Names of the pods that somebody other than a controller took."""
    _digest: Any = field(default_factory=blake2b)
    _live: dict[str, ApiStruct] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Moment]:
        return iter(self.moments)

    @property
    def digest(self) -> str:
        """A fingerprint of all writes: the same for the same run."""
        text: str = self._digest.hexdigest()
        return text

    def live(self, object_type: type[ApiStruct]) -> list[Any]:
        """The objects of one of the kinds that are there at the end."""
        return [obj for obj in self._live.values() if isinstance(obj, object_type)]

    async def follow(self, store: Store, now_s: Callable[[], float]) -> None:
        """Write down what happens until cancelled."""
        async for batch in store.follow("/registry/", after=1):
            for change in batch.changes:
                self._take_in(change, now_s())

    def _take_in(self, change: Change, at_s: float) -> None:
        self._digest.update(f"{change.revision} {change.type} {change.key}\n".encode())
        self._digest.update(change.value)
        folders = change.key.split("/")
        # What belongs to no namespace lies one folder higher.
        kind = _TYPES.get(folders[-3]) or _TYPES.get(folders[-2])
        if kind is None:
            return
        old = self._live.pop(change.key, None)
        new = None
        if change.type == "put":
            new = self._live[change.key] = codec.decode(kind.type, change.value)
        self.moments.append(Moment(at_s, change.revision, change.key, old, new))
