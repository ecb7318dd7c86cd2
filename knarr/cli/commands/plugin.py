"""`plugin`: programs on the path that become commands."""

import os
from pathlib import Path

from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, truth
from knarr.cli.session import Session


def run(session: Session, arguments: Arguments) -> int | None:
    """List them."""
    found: list[Path] = []
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and Path(folder).is_dir():
            found += sorted(Path(folder).glob(f"{session.program}-*"))
    found = [one for one in found if os.access(one, os.X_OK) and one.is_file()]
    if not found:
        raise CliError(f"unable to find any {session.program} plugins in your PATH")
    session.say("The following compatible plugins are available:\n")
    for one in found:
        session.say(one.name if arguments.truth("name-only") else str(one))
    return None


_FLAGS = (truth("name-only", help="Print names only"),)

COMMANDS = {
    part: Command(
        about="List plugins: programs on the PATH named after the command, as knarr-hello.",
        usage=f"plugin {part}".strip(),
        examples="\n# List plugins\nknarr plugin list\n",
        flags=_FLAGS,
        run=run,
    )
    for part in ("", "list")
}
