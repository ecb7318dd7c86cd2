"""The array types that snapshot, plugins and cycle share.

A *slot* is the place of a node in every array of the snapshot. It stays the
same as long as the node lives and is used again for another one afterwards.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
"""One truth for each slot asked about."""
Ints = NDArray[np.int64]
"""One number for each slot asked about."""
Slots = NDArray[np.intp]
"""Slots, in ascending order."""

SLOTS_MIN = 64
"""Arrays begin with room for so many nodes and double when they are full."""


def grown(array: NDArray[Any], length: int) -> NDArray[Any]:
    """The array with zeros after it, `length` long."""
    longer = np.zeros(length, dtype=array.dtype)
    longer[: len(array)] = array
    return longer
