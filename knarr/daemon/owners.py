"""Which users and groups there are where we run: in a user namespace not all numbers exist."""

import os
from functools import cache
from pathlib import Path
from typing import Literal


@cache
def numbers_here(kind: Literal["uid", "gid"]) -> tuple[range, ...]:
    """Those that we may become and give files to; none but as root."""
    if os.geteuid() != 0:
        return ()
    try:
        text = Path(f"/proc/self/{kind}_map").read_text()
    except OSError:
        return ()
    lines = (list(map(int, line.split())) for line in text.splitlines())
    return tuple(range(first, first + count) for first, _, count in lines)


def is_group_here(group: int) -> bool:
    """Whether files can be given to a group."""
    return any(group in one for one in numbers_here("gid"))
