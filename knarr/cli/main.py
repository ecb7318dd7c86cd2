"""Finds the command that is meant and runs it."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from knarr.cli.command_table import GROUPS, PARTS, TABLE, module_of
from knarr.cli.failures import CliError, ExitError, PlainError, lines_of

if TYPE_CHECKING:
    from knarr.cli.command import Command

_VALUED = {
    "--kubeconfig", "--context", "--cluster", "--user", "-n", "--namespace", "-s", "--server",
    "--token", "--request-timeout", "--as", "--as-group", "--as-uid", "-v", "--v",
    "--certificate-authority", "--client-certificate", "--client-key", "--tls-server-name",
    "--cache-dir",
}  # fmt: skip
"""Global flags that take a value; they may stand before the command."""


def main(arguments: Sequence[str], launcher: Mapping[str, str] | None = None) -> int:
    """Run one command and answer its exit status.

    `launcher` lists what starts and stops clusters, for `--help`.
    """
    program = program_name()
    words = list(arguments)
    try:
        try:
            return _run(words, program, launcher or {})
        finally:
            sys.stdout.flush()
    except ExitError as error:
        return error.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if not _is_expected(error):
            raise
        sys.stderr.write(lines_of(error).rstrip("\n") + "\n")
        return getattr(error, "code", 0) if isinstance(error, CliError) else 1


def _is_expected(error: Exception) -> bool:
    """Whether an error has been thought of: ours, and the client's, which is not loaded always."""
    ours = ("knarr.cli.failures", "knarr.client.dynamic")
    return any(one.__module__ in ours for one in type(error).__mro__)


def program_name() -> str:
    """What the program calls itself: kubectl when it was called so."""
    name = os.path.basename(sys.argv[0])  # noqa: PTH119  # pathlib is slow to import
    return name if name.startswith("kubectl") else "knarr"


def _run(words: list[str], program: str, launcher: Mapping[str, str]) -> int:
    position = _command_at(words)
    if position is None:
        sys.stdout.write(overview(program, launcher))
        return 0
    name = words[position]
    if name == "help":
        rest = words[position + 1 :]
        return _run([*rest, "--help"], program, launcher) if rest else _run([], program, launcher)
    if name not in TABLE:
        return _unknown(name, words[:position], words[position + 1 :], program, launcher)
    line = words[:position] + words[position + 1 :]
    whole, line = _whole_name(name, line)
    return _run_command(whole, line, program, launcher)


def _command_at(words: Sequence[str]) -> int | None:
    """Where the command stands: the first word that is no global flag nor the value of one."""
    position = 0
    while position < len(words):
        word = words[position]
        if not word.startswith("-"):
            return position
        position += 2 if word in _VALUED else 1
    return None


def _whole_name(name: str, line: list[str]) -> tuple[str, list[str]]:
    """Add the words that belong to the command's name: `create secret tls`."""
    while name in PARTS:
        position = _command_at(line)
        if position is None:
            break
        word = line[position]
        part = next((key for key, other in PARTS[name].items() if word in (key, other)), None)
        if part is None or not word:
            break
        name, line = f"{name} {part}", line[:position] + line[position + 1 :]
    return name, line


def split_command(words: Sequence[str]) -> tuple[str, list[str]]:
    """The whole name of the command in a line, and all other words; no name where there is none."""
    line = list(words)
    position = _command_at(line)
    if position is None:
        return "", line
    return _whole_name(line[position], line[:position] + line[position + 1 :])


def _run_command(name: str, line: list[str], program: str, launcher: Mapping[str, str]) -> int:
    command = load(name)
    from knarr.cli.command import help_text  # noqa: PLC0415
    from knarr.cli.flags import Arguments, parse  # noqa: PLC0415
    from knarr.cli.session import GLOBAL_FLAGS, Session  # noqa: PLC0415

    before_dash = line[: line.index("--")] if "--" in line else line
    if "--help" in before_dash or "-h" in before_dash:
        sys.stdout.write(help_text(command, program, name))
        return 0
    if command.is_raw:
        found = Arguments(words=line, values={flag.name: flag.default for flag in GLOBAL_FLAGS})
    else:
        found = parse(line, (*GLOBAL_FLAGS, *command.flags), f"{program} {name}")
    session = Session(found, program=program)
    session.manager = command.manager or "kubectl"
    session.launcher = tuple(launcher)
    try:
        code = command.run(session, found) or 0
    finally:
        session.close()
    if session.warnings and found.truth("warnings-as-errors"):
        raise CliError(f"{len(session.warnings)} warning(s) received")
    return code


def load(name: str) -> "Command":
    """The command of that name; its module is imported now."""
    from importlib import import_module  # noqa: PLC0415

    module = import_module(module_of(name))
    rest = name.partition(" ")[2]
    alone = not rest and hasattr(module, "COMMAND")
    found: Command = module.COMMAND if alone else module.COMMANDS[rest]
    return found


def _unknown(
    name: str, before: list[str], rest: list[str], program: str, launcher: Mapping[str, str]
) -> int:
    """Run a plugin of that name, or say that there is no such command."""
    import shutil  # noqa: PLC0415

    plugin = shutil.which(f"{program}-{name.replace('-', '_')}") or shutil.which(
        f"{program}-{name}"
    )
    if plugin is not None and not before:
        sys.stdout.flush()
        os.execv(plugin, [plugin, *rest])
    message = f'error: unknown command "{name}" for "{program}"'
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(name, [*TABLE, *launcher], n=3, cutoff=0.6)
    if close:
        message += "\n\nDid you mean this?\n" + "".join(f"\t{one}\n" for one in close)
    raise PlainError(message)


def overview(program: str, launcher: Mapping[str, str]) -> str:
    """What `--help` prints without a command."""
    lines = [f"{program} controls the Knarr cluster manager.", ""]
    if launcher:
        lines.append("Clusters on this machine:")
        lines += [f"  {name:<15} {about}" for name, about in launcher.items()]
        lines.append("")
    for group in GROUPS:
        lines.append(f"{group}:")
        lines += [
            f"  {name:<15} {entry.about}" for name, entry in TABLE.items() if entry.group == group
        ]
        lines.append("")
    lines += [
        f'Use "{program} <command> --help" for more information about a given command.',
        f'Use "{program} options" for a list of global command-line options (applies to all '
        "commands).",
    ]
    return "\n".join(lines) + "\n"
