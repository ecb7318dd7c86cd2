"""Node labels as columns of small numbers.

A column exists for each label key that somebody asked about; equal values
have equal numbers in it and a node without the label has 0. A question about
values is answered once for each distinct value, not once for each node.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from scheduler.arrays import Bools, Slots, grown

Numbers = NDArray[np.int32]


class Column:
    """One label of all nodes."""

    def __init__(self, length: int) -> None:
        self.numbers: Numbers = np.zeros(length, dtype=np.int32)
        """The number of each node's value; 0 where the label is not there."""
        self.values: list[str] = [""]
        """The value that each number stands for; 0 stands for none."""
        self._known: dict[str, int] = {}

    def put(self, slot: int, value: str | None) -> bool:
        """Note a node's value, None where it has none; answer whether it is another than before."""
        number = 0 if value is None else self.number_of(value)
        changed = bool(self.numbers[slot] != number)
        self.numbers[slot] = number
        return changed

    def number_of(self, value: str) -> int:
        """The number of a value."""
        number = self._known.get(value)
        if number is None:
            number = self._known[value] = len(self.values)
            self.values.append(value)
        return number

    def where(self, slots: Slots, test: Callable[[str], bool], *, absent: bool) -> Bools:
        """Whether each slot's value passes a test; `absent` is the answer where there is none."""
        numbers = self.numbers[slots]
        if len(numbers) == 1:
            number = int(numbers[0])
            return np.array([test(self.values[number]) if number else absent])
        passes = np.fromiter((test(value) for value in self.values), bool, len(self.values))
        passes[0] = absent
        answer: Bools = passes[numbers]
        return answer

    def equal(self, slots: Slots, value: str) -> Bools:
        """Whether each slot has exactly this value."""
        number = self._known.get(value)
        if number is None:
            return np.zeros(len(slots), dtype=bool)
        answer: Bools = self.numbers[slots] == number
        return answer

    def grow(self, length: int) -> None:
        """Make room for more slots."""
        self.numbers = grown(self.numbers, length)


class Labels:
    """The labels of all nodes."""

    def __init__(self, length: int) -> None:
        self._length = length
        self._by_slot: dict[int, Mapping[str, str]] = {}
        self._columns: dict[str, Column] = {}

    def of(self, slot: int) -> Mapping[str, str]:
        """The labels of one node."""
        return self._by_slot.get(slot, {})

    def put(self, slot: int, labels: Mapping[str, str]) -> None:
        """Note a node's labels."""
        self._by_slot[slot] = labels
        for key, column in self._columns.items():
            column.put(slot, labels.get(key))

    def remove(self, slot: int) -> None:
        """Forget a node's labels."""
        self.put(slot, {})
        del self._by_slot[slot]

    def column(self, key: str) -> Column:
        """The column of a label, made when first asked for."""
        column = self._columns.get(key)
        if column is None:
            column = self._columns[key] = Column(self._length)
            for slot, labels in self._by_slot.items():
                column.put(slot, labels.get(key))
        return column

    def grow(self, length: int) -> None:
        """Make room for more slots."""
        self._length = length
        for column in self._columns.values():
            column.grow(length)
