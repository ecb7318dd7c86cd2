"""Keys in order, cheap to change and cheap to cut a range from."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

INSERTS_MAX = 64
"""More new keys than this at once are sorted in rather than inserted one by one."""


def after_prefix(prefix: str) -> str:
    """The first string behind all that begin with `prefix`."""
    return prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else "\U0010ffff"


class SortedKeys:
    """A set of keys that is brought into order when somebody looks.

    Strings compare by code point, which is the bytewise order of their UTF-8.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = sorted(keys)
        self._added: dict[str, None] = {}
        self._removed: set[str] = set()

    def add(self, key: str) -> None:
        """Add a key that is not there."""
        if key in self._removed:
            self._removed.discard(key)
        else:
            self._added[key] = None

    def remove(self, key: str) -> None:
        """Remove a key that is there."""
        if key in self._added:
            del self._added[key]
        else:
            self._removed.add(key)

    def between(self, first: str, end: str) -> Sequence[str]:
        """The keys from `first` up to but not including `end`, in order."""
        self._settle()
        keys = self._keys
        return keys[bisect_left(keys, first) : bisect_left(keys, end)]

    def below(self, prefix: str, start: str = "") -> Sequence[str]:
        """The keys that begin with `prefix`, from `start` on, in order."""
        return self.between(max(prefix, start), after_prefix(prefix))

    def _settle(self) -> None:
        if len(self._removed) > INSERTS_MAX:
            removed = self._removed
            self._keys = [key for key in self._keys if key not in removed]
        else:
            for key in self._removed:
                del self._keys[bisect_left(self._keys, key)]
        self._removed.clear()
        if len(self._added) > INSERTS_MAX:
            self._keys.extend(self._added)
            self._keys.sort()
        else:
            for key in self._added:
                insort(self._keys, key)
        self._added.clear()
