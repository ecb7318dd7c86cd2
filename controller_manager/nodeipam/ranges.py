"""Ranges of addresses cut out of larger ones, each given to one node."""

import ipaddress
from collections.abc import Iterable, Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Ranges:
    """The parts of one range that are free, in order; a part given back comes last."""

    def __init__(self, whole: str, size: int, without: Sequence[str] = ()) -> None:
        self._whole = ipaddress.ip_network(whole)
        self._size = size
        if not self._whole.prefixlen <= size <= self._whole.max_prefixlen:
            raise ValueError(f"{whole} has no parts of the size /{size}")
        self._count = 1 << (size - self._whole.prefixlen)
        self._step = 1 << (self._whole.max_prefixlen - size)
        self._taken: set[int] = set()
        self._next = 0
        for other in without:
            self.occupy(other)

    def occupy(self, cidr: str) -> None:
        """Note that all parts within or around a range are somebody's."""
        self._taken |= set(self._numbers(cidr))

    def give_back(self, cidr: str) -> None:
        """Note that a range is free again."""
        self._taken -= set(self._numbers(cidr))

    def take(self) -> str | None:
        """A part that was free; None when there is none."""
        for tried in range(self._count):
            number = (self._next + tried) % self._count
            if number not in self._taken:
                self._taken.add(number)
                self._next = (number + 1) % self._count
                start = self._whole.network_address + number * self._step
                return f"{start}/{self._size}"
        return None

    def _numbers(self, cidr: str) -> Iterable[int]:
        try:
            found = ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            return ()
        if found.version != self._whole.version:
            return ()
        base = int(self._whole.network_address)
        first = (int(found.network_address) - base) // self._step
        last = (int(found.broadcast_address) - base) // self._step
        return range(max(first, 0), min(last, self._count - 1) + 1)
