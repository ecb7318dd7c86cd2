"""Flags with Kubernetes' names, environment variables, and errors of one line.

A flag `--bind-address` of the program `knarr-apiserver` is also read from
`KNARR_BIND_ADDRESS`; the command line wins. Durations are written `90s`,
`1h30m`; lists with commas; truths as `--flag` or `--flag=false`.
"""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|ns|h|m|s)")
_UNIT_S = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class SettingsError(Exception):
    """A setting is wrong; the message is one line that says which and why."""


def duration_s(text: str) -> float:
    """Seconds of a duration as Go writes it: `1m30s` is 90.0."""
    if text == "0":
        return 0.0
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 30s or 1h5m")
    return float(sum(float(number) * _UNIT_S[unit] for number, unit in parts))


def comma_list(text: str) -> tuple[str, ...]:
    """The items of a list written with commas."""
    return tuple(item.strip() for item in text.split(",") if item.strip())


def truth(text: str) -> bool:
    """A truth as flags spell it."""
    match text.lower():
        case "true" | "t" | "1" | "yes":
            return True
        case "false" | "f" | "0" | "no":
            return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


class Flags(argparse.ArgumentParser):
    """A program's flags; its errors are SettingsError."""

    def __init__(self, program: str, description: str) -> None:
        super().__init__(prog=program, description=description, allow_abbrev=False)

    def flag(self, name: str, **options: Any) -> None:
        """Declare `--name`; a bool default makes it a truth, a float one a duration."""
        default = options.get("default")
        if isinstance(default, bool):
            options = {"type": truth, "nargs": "?", "const": True, "metavar": "BOOL", **options}
        elif isinstance(default, float):
            options = {"type": duration_s, "metavar": "DURATION", **options}
        elif isinstance(default, tuple):
            options = {"type": comma_list, "metavar": "LIST", **options}
        elif isinstance(default, int):
            options = {"type": int, "metavar": "N", **options}
        self.add_argument(f"--{name}", **options)

    def knows(self, name: str) -> bool:
        """Whether `--name` is declared."""
        return f"--{name}" in self._option_string_actions

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        raise SettingsError(message)

    def read(
        self, arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None
    ) -> argparse.Namespace:
        """The settings: what the command line says, then the environment, then the defaults.

        Raise SystemExit with one line where a setting is wrong.
        """
        try:
            self._take_environment(os.environ if environment is None else environment)
            return self.parse_args(arguments)
        except SettingsError as error:
            raise SystemExit(f"{self.prog}: {error}") from None

    def _take_environment(self, environment: Mapping[str, str]) -> None:
        for action in self._actions:
            variable = f"KNARR_{action.dest.upper()}"
            if action.dest == "help" or variable not in environment:
                continue
            try:
                read = action.type if callable(action.type) else str
                action.default = read(environment[variable])
            except (argparse.ArgumentTypeError, ValueError) as error:
                raise SettingsError(f"{variable}: {error}") from None
            action.required = False


def add_log_flags(flags: Flags) -> None:
    """The flags every daemon has for its logs."""
    flags.flag("log-level", choices=("debug", "info", "warning", "error"), default="info")
    flags.flag("logging-format", choices=("text", "json"), default="text")
