"""The user's editor: KUBE_EDITOR, else EDITOR, else vi."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from knarr.cli.failures import CliError

HEADER = """\
# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
"""


def new_file(suffix: str) -> Path:
    """A file that nobody else reads, to be edited."""
    with tempfile.NamedTemporaryFile(
        "w", suffix=suffix, prefix="kubectl-edit-", delete=False
    ) as file:
        return Path(file.name)


def open_editor(path: Path) -> str:
    """Let the user edit a file; answer its text without comments. Raise CliError."""
    editor = os.environ.get("KUBE_EDITOR") or os.environ.get("EDITOR") or "vi"
    command = [*shlex.split(editor), str(path)]
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise CliError(
            f'unable to launch the editor "{editor}" ({error.strerror}): set KUBE_EDITOR'
        ) from None
    if code:
        raise CliError(f'there was a problem with the editor "{editor}"')
    lines = path.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("#"))


def edited(body: str, suffix: str = ".yaml") -> str:
    """What the user makes of a text, opened once; empty when it was emptied. Raise CliError."""
    path = new_file(suffix)
    try:
        path.write_text(body if suffix == ".json" else HEADER + body)
        return open_editor(path)
    finally:
        path.unlink()
