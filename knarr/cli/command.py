"""What a command is: its flags, its help, the function that does it."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from knarr.cli.flags import Arguments, Flag, help_of
from knarr.cli.session import Session

Run = Callable[[Session, Arguments], int | None]
"""Does a command; the answer is its exit status, None for 0."""


class Command(Struct, frozen=True, kw_only=True):
    """One command, as its module in `knarr/cli/commands` declares it."""

    about: str
    """What it does, in a sentence or a few."""
    usage: str
    """Its words after the program's name."""
    examples: str
    """Command lines, each after a line that begins with `#` and says what it is for.

    `knarr` stands for the program. A test runs them all.
    """
    run: Run
    flags: Sequence[Flag] = ()
    manager: str = ""
    """Under which name it writes fields, as Kubernetes' own program would."""
    is_raw: bool = False
    """Whether it reads its words itself, flags and all."""


def help_text(command: Command, program: str, name: str) -> str:
    """What `--help` prints."""
    from knarr.cli.flag_examples import example_of  # noqa: PLC0415  # for help alone

    examples = command.examples.strip("\n").replace("knarr ", f"{program} ")
    indented = "\n".join(f"  {line}".rstrip() for line in examples.splitlines())
    parts = [command.about, f"Examples:\n{indented}"]
    if command.flags:
        shown = help_of(command.flags, lambda flag: example_of(name, flag))
        parts.append(f"Options:\n{shown}".rstrip())
    parts.append(
        f"Usage:\n  {program} {command.usage}\n\n"
        f'Use "{program} options" for a list of global command-line options (applies to all '
        "commands)."
    )
    return "\n\n".join(parts) + "\n"
