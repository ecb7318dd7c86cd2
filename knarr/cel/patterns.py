"""Regular expressions in Go's spelling."""

import re
from functools import lru_cache

from knarr.cel.errors import CelError

_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7F",
    "blank": r"\t ",
    "cntrl": r"\x00-\x1F\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\t\n\v\f\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
_NAMED_CLASS = re.compile(r"\[:(\^?)([a-z]+):\]")


@lru_cache(2048)
def pattern(expression: str) -> re.Pattern[str]:
    """The pattern of a Go expression. Raise CelError when it is none."""
    spelt = _NAMED_CLASS.sub(lambda match: _CLASSES.get(match[2], match[0]), expression)
    # In Go `$` is the very end, and `\z` is its name.
    spelt = spelt.replace(r"\z", r"\Z")
    if spelt.endswith("$") and not spelt.endswith(r"\$"):
        spelt = spelt[:-1] + r"\Z"
    try:
        return re.compile(spelt, re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise CelError(f"error parsing regexp: {error}") from None
