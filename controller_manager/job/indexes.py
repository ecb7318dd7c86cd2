"""Sets of completion indexes, as a Job's status writes them: `0,2-5,7`.

Kept as ranges, so that a Job of 100,000 indexes costs as much as it has gaps.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from msgspec import Struct


class Indexes(Struct, frozen=True):
    """A set of indexes, as ranges in order that do not touch each other."""

    ranges: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(last - first + 1 for first, last in self.ranges)

    def __contains__(self, index: int) -> bool:
        at = bisect_right(self.ranges, (index, 2**63)) - 1
        return at >= 0 and self.ranges[at][0] <= index <= self.ranges[at][1]

    def with_(self, indexes: Iterable[int]) -> "Indexes":
        """The set with these indexes too."""
        added = [(index, index) for index in indexes]
        return Indexes(tuple(_joined(sorted((*self.ranges, *added))))) if added else self

    def common(self, other: "Indexes") -> int:
        """How many indexes both sets have."""
        return sum(
            max(0, min(last, other_last) - max(first, other_first) + 1)
            for first, last in self.ranges
            for other_first, other_last in other.ranges
        )

    def missing(self, limit: int) -> Iterator[int]:
        """The indexes below `limit` that are not in the set, in order."""
        begin = 0
        for first, last in self.ranges:
            yield from range(begin, min(first, limit))
            begin = last + 1
        yield from range(begin, limit)

    def __str__(self) -> str:
        return ",".join(_words(self.ranges))


def parse(text: str | None, limit: int) -> Indexes:
    """Read a list of indexes; those not below `limit` are left out."""
    ranges = []
    for part in (text or "").split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (not last or last.isdigit()) and int(first) < limit:
            ranges.append((int(first), min(int(last or first), limit - 1)))
    return Indexes(tuple(_joined(sorted(ranges))))


def _joined(ranges: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin, end = -1, -2
    for first, last in ranges:
        if end < begin:
            begin, end = first, last
        elif first <= end + 1:
            end = max(end, last)
        else:
            yield begin, end
            begin, end = first, last
    if begin <= end:
        yield begin, end


def _words(ranges: Iterable[tuple[int, int]]) -> Iterator[str]:
    for first, last in ranges:
        if first == last:
            yield str(first)
        else:
            yield f"{first},{last}" if first + 1 == last else f"{first}-{last}"
