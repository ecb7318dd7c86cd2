"""Versions in three numbers."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from knarr.cel.errors import CelError, no_overload
from knarr.cel.values import Semver

_NUMBER = r"(0|[1-9][0-9]*)"
_SEMVER = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


def _read(text: Any, *, tolerant: bool = False) -> Semver | None:
    if not isinstance(text, str):
        raise no_overload("semver")
    if tolerant:
        text = _completed(text)
    match = _SEMVER.fullmatch(text)
    if match is None:
        return None
    before = tuple(
        (not part.isdecimal(), int(part) if part.isdecimal() else 0, part)
        for part in (match[4].split(".") if match[4] else ())
    )
    return Semver(int(match[1]), int(match[2]), int(match[3]), not before, before)


def _completed(text: str) -> str:
    text = text.strip().removeprefix("v")
    head = re.match(r"[0-9.]*", text)
    assert head is not None, "the pattern matches nothing too"
    numbers = [part.lstrip("0") or "0" for part in head.group().split(".")]
    numbers += ["0"] * (3 - len(numbers))
    return ".".join(numbers) + text[head.end() :]


def semver(text: Any, tolerant: Any = False) -> Semver:  # noqa: FBT002 - the language's order
    """The version that a text says."""
    found = _read(text, tolerant=bool(tolerant))
    if found is None:
        raise CelError(f'"{text}" is no semantic version')
    return found


def _is_semver(text: Any, tolerant: Any = False) -> bool:  # noqa: FBT002 - the language's order
    return _read(text, tolerant=bool(tolerant)) is not None


def _compare(left: Semver, right: Semver) -> int:
    return (left > right) - (left < right)


GLOBAL: Mapping[str, Callable[..., Any]] = {"semver": semver, "isSemver": _is_semver}
METHODS: Mapping[str, Callable[..., Any]] = {
    "major": lambda version: version.major,
    "minor": lambda version: version.minor,
    "patch": lambda version: version.patch,
    "isLessThan": lambda left, right: left < right,
    "isGreaterThan": lambda left, right: left > right,
    "compareTo": _compare,
}
