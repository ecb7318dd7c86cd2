"""The text that lists completion indexes: `1,3-5,7`."""

import re

_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)


class IndexesError(ValueError):
    """The text lists no indexes; the message says why."""


def count(text: str, completions: int) -> int:
    """How many indexes the text lists. Raise IndexesError."""
    if not text:
        return 0
    total, last = 0, None
    for fragment in text.split(","):
        parts = fragment.split("-")
        if len(parts) > 2:
            raise IndexesError(
                f'the fragment "{fragment}" violates the requirement that an index interval can '
                "have at most two parts separated by '-'"
            )
        first = _index(parts[0], completions, after=last)
        last = first if len(parts) == 1 else _index(parts[1], completions, after=first)
        total += last - first + 1
    return total


def _index(text: str, completions: int, *, after: int | None) -> int:
    if not _NUMBER.fullmatch(text):
        raise IndexesError(f'cannot convert string to integer for index: "{text}"')
    number = int(text)
    if after is not None and after >= number:
        raise IndexesError(f"non-increasing order, previous: {after}, current: {number}")
    if number >= completions:
        raise IndexesError(f'too large index: "{text}"')
    return number
