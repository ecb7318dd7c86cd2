"""Flags as kubectl takes them.

`--flag value`, `--flag=value`, `-o yaml`, `-oyaml`, `-it`; after `--` nothing
is a flag. What is wrong is said in the words that kubectl's users know.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field

from knarr.cli.failures import CliError, PlainError

FlagType = Literal["text", "truth", "number", "list", "array", "duration"]

_DURATION = re.compile(r"(\d+(?:\.\d+)?|\.\d+)(h|ms|us|µs|ns|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TRUTHS = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_TYPE_WORDS = {"truth": "bool", "number": "int", "duration": "duration"}


class Flag(Struct, frozen=True):
    """One flag: its names, its type and what it is for.

    `list` splits at commas, `array` does not; both may be given several times.
    `bare` is the value of a flag that is given without one.
    """

    name: str
    short: str = ""
    type: FlagType = "text"
    default: Any = ""
    help: str = ""
    bare: str | None = None

    @property
    def without_value(self) -> str | None:
        """What the flag means when no value follows it."""
        return "true" if self.type == "truth" else self.bare


def text(name: str, short: str = "", default: str = "", help: str = "") -> Flag:  # noqa: A002
    """A flag with any value."""
    return Flag(name, short, "text", default, help)


def truth(name: str, short: str = "", *, default: bool = False, help: str = "") -> Flag:  # noqa: A002
    """A flag that is true when it stands there."""
    return Flag(name, short, "truth", default, help)


def number(name: str, short: str = "", default: int = 0, help: str = "") -> Flag:  # noqa: A002
    """A flag with a whole number."""
    return Flag(name, short, "number", default, help)


def duration(name: str, default: float = 0.0, help: str = "") -> Flag:  # noqa: A002
    """A flag with a span of time: `30s`, `1h5m`."""
    return Flag(name, "", "duration", default, help)


def words(name: str, short: str = "", help: str = "") -> Flag:  # noqa: A002
    """A flag with values between commas, that may be given several times."""
    return Flag(name, short, "list", (), help)


def array(name: str, short: str = "", help: str = "") -> Flag:  # noqa: A002
    """A flag with one value, that may be given several times."""
    return Flag(name, short, "array", (), help)


def seconds_of(value: str) -> float:
    """Seconds of a duration as Go writes it; a bare number is seconds. Raise ValueError."""
    sign = -1.0 if value.startswith("-") else 1.0
    bare = value.lstrip("+-")
    if re.fullmatch(r"\d+", bare):
        return sign * float(bare)
    parts = _DURATION.findall(bare)
    if not parts or "".join(amount + unit for amount, unit in parts) != bare:
        raise ValueError(f'time: invalid duration "{value}"')
    return sign * sum(float(amount) * _UNITS[unit] for amount, unit in parts)


class Arguments(Struct):
    """What stood on the command line."""

    words: list[str] = field(default_factory=list)
    after_dash: list[str] | None = None
    """The words after `--`; None when there was none."""
    values: dict[str, Any] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    """The flags that stood there."""

    def text(self, name: str) -> str:
        """A flag's value."""
        return str(self.values[name])

    def truth(self, name: str) -> bool:
        """Whether a flag is true."""
        return bool(self.values[name])

    def number(self, name: str) -> int:
        """A flag's whole number."""
        return int(self.values[name])

    def seconds(self, name: str) -> float:
        """A flag's span of time."""
        return float(self.values[name])

    def list(self, name: str) -> list[str]:
        """The values of a flag that may stand several times."""
        return list(self.values[name])


def parse(line: Sequence[str], flags: Sequence[Flag], command: str) -> Arguments:
    """Read a command line. Raise CliError in kubectl's words."""
    reader = _Reader(flags, command)
    reader.read(list(line))
    return reader.found


class _Reader:
    def __init__(self, flags: Sequence[Flag], command: str) -> None:
        self._long = {flag.name: flag for flag in flags}
        self._short = {flag.short: flag for flag in flags if flag.short}
        self._command = command
        self.found = Arguments(values={flag.name: flag.default for flag in flags})

    def read(self, line: list[str]) -> None:
        position = 0
        while position < len(line):
            word = line[position]
            position += 1
            if word == "--":
                self.found.after_dash = line[position:]
                return
            rest = line[position:]
            if word.startswith("--"):
                position += self._read_long(word[2:], rest)
            elif word.startswith("-") and len(word) > 1:
                position += self._read_short(word, rest)
            else:
                self.found.words.append(word)

    def _read_long(self, word: str, rest: list[str]) -> int:
        name, equals, value = word.partition("=")
        flag = self._long.get(name)
        if flag is None:
            raise self._error(f"unknown flag: --{name}")
        if equals:
            self._set(flag, value, f"--{name}")
            return 0
        if flag.without_value is not None:
            self._set(flag, flag.without_value, f"--{name}")
            return 0
        if not rest:
            raise self._error(f"flag needs an argument: --{name}")
        self._set(flag, rest[0], f"--{name}")
        return 1

    def _read_short(self, word: str, rest: list[str]) -> int:
        letters = word[1:]
        while letters:
            flag = self._short.get(letters[0])
            if flag is None:
                raise self._error(f"unknown shorthand flag: '{letters[0]}' in {word}")
            name = f"-{flag.short}, --{flag.name}"
            if len(letters) > 1 and letters[1] == "=":
                self._set(flag, letters[2:], name)
                return 0
            if flag.without_value is not None:
                self._set(flag, flag.without_value, name)
                letters = letters[1:]
                continue
            if len(letters) > 1:
                self._set(flag, letters[1:], name)
                return 0
            if not rest:
                raise self._error(f"flag needs an argument: '{letters[0]}' in {word}")
            self._set(flag, rest[0], name)
            return 1
        return 0

    def _set(self, flag: Flag, value: str, shown: str) -> None:
        try:
            read = _value(flag, value)
        except ValueError as error:
            raise self._error(f'invalid argument "{value}" for "{shown}" flag: {error}') from None
        if flag.type in ("list", "array") and flag.name in self.found.given:
            read = [*self.found.values[flag.name], *read]
        self.found.values[flag.name] = read
        self.found.given.add(flag.name)

    def _error(self, message: str) -> CliError:
        return PlainError(f"error: {message}\nSee '{self._command} --help' for usage.")


def _value(flag: Flag, value: str) -> Any:
    match flag.type:
        case "truth":
            if value.lower() not in _TRUTHS:
                raise ValueError(f'strconv.ParseBool: parsing "{value}": invalid syntax')
            return _TRUTHS[value.lower()]
        case "number":
            if not re.fullmatch(r"[+-]?\d+", value):
                raise ValueError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
            return int(value)
        case "duration":
            return seconds_of(value)
        case "list":
            return value.split(",") if value else []
        case "array":
            return [value]
    return value


def help_of(flags: Sequence[Flag], example_of: Callable[[Flag], str]) -> str:
    """The list of flags as help shows it, each with an example."""
    lines = []
    for flag in sorted(flags, key=lambda one: one.name):
        short = f"-{flag.short}, " if flag.short else "    "
        lines.append(
            f"    {short}--{flag.name}={_shown(flag)}:\n\t{flag.help or _plain_help(flag)}\n\t"
            f"Example: {example_of(flag)}\n"
        )
    return "\n".join(lines)


def _plain_help(flag: Flag) -> str:
    return f"Takes a {_TYPE_WORDS.get(flag.type, 'text')}."


def _shown(flag: Flag) -> str:
    if flag.type in ("list", "array"):
        return "[]"
    if flag.type == "truth":
        return "true" if flag.default else "false"
    if flag.type == "number":
        return str(flag.default)
    if flag.type == "duration":
        return f"{flag.default:g}s"
    return f"'{flag.default}'"


def pairs(values: Sequence[str]) -> Mapping[str, str]:
    """`a=b` pairs as a mapping."""
    return dict(value.partition("=")[::2] for value in values)
