"""What a watcher wants to hear of, and what it hears of one change."""

from collections.abc import Callable
from functools import cached_property

from msgspec import Struct

from apiserver.storage.entry import Entry, Event
from apiserver.storage.store import Stored

Decode = Callable[[Stored], Entry]

AtRevision = Callable[[Entry, int], Entry]
"""The same object with another revision, which is cheaper than to decode it again."""


class Changed:
    """One change of the cache. The events that follow from it are made once and shared."""

    def __init__(
        self,
        *,
        revision: int,
        place: tuple[str, str],
        entry: Entry | None,
        previous: Entry | None,
        last: Callable[[], Entry],
    ) -> None:
        self.revision = revision
        self.namespace, self.name = place
        self.entry = entry
        """What is there after the change; None after a delete."""
        self.previous = previous
        """What was there before; None before a create."""
        self._last = last

    @cached_property
    def plain(self) -> Event:
        """What whoever selects the object before and after hears."""
        if self.entry is None:
            return self.vanished
        if self.previous is None:
            return self.appeared
        return Event("MODIFIED", self.entry, self.revision)

    @cached_property
    def appeared(self) -> Event:
        """What whoever selects the object only after the change hears."""
        return Event("ADDED", self.entry, self.revision)

    @cached_property
    def vanished(self) -> Event:
        """What whoever selects the object only before the change hears.

        The object is the one of before, its resourceVersion that of the change.
        """
        return Event("DELETED", self._last(), self.revision)


class Selection(Struct, frozen=True, kw_only=True):
    """Which objects of a resource; the default is all."""

    namespace: str = ""
    """Empty for all."""
    name: str = ""
    """Empty for all."""
    field: str = ""
    """A field by which the cache is indexed, such as `spec.nodeName`."""
    value: str = ""
    """What the field must be."""
    matches: Callable[[Entry], bool] | None = None
    """Whatever else there is to ask of an object."""

    def bucket(self) -> tuple[str, str]:
        """Where to find those who want this: by the narrowest thing known."""
        if self.name:
            return ("name", self.name)
        if self.field:
            return (self.field, self.value)
        return ("namespace", self.namespace)

    def event(self, changed: Changed) -> Event | None:
        """What there is to hear of a change; None for nothing."""
        if self.namespace and self.namespace != changed.namespace:
            return None
        if self.name and self.name != changed.name:
            return None
        if not self.field and self.matches is None:
            return changed.plain
        after = changed.entry is not None and self.selects(changed.entry)
        before = changed.previous is not None and self.selects(changed.previous)
        if after:
            return changed.plain if before else changed.appeared
        return changed.vanished if before else None

    def selects(self, entry: Entry) -> bool:
        """Whether an object of the right name and namespace is wanted."""
        if self.field and entry.fields.get(self.field) != self.value:
            return False
        return self.matches is None or self.matches(entry)
