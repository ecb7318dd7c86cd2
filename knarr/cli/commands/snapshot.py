"""`snapshot`: all objects into a file, and back."""

from pathlib import Path

from knarr.cli.command import Command
from knarr.cli.failures import CliError, PlainError, no_subcommand
from knarr.cli.flags import Arguments
from knarr.cli.session import Session
from knarr.client import snapshots


def _save(session: Session, arguments: Arguments) -> int | None:
    path = _file(session, arguments, "save")
    try:
        count = snapshots.write(path, snapshots.save(session.client))
    except OSError as error:
        raise CliError(f"cannot write {path}: {error.strerror}") from None
    session.say(f"{count} objects saved to {path}")
    return None


def _restore(session: Session, arguments: Arguments) -> int | None:
    path = _file(session, arguments, "restore")
    try:
        items = snapshots.read(path)
    except OSError as error:
        raise CliError(f"cannot read {path}: {error.strerror}") from None
    except snapshots.SnapshotFileError as error:
        raise CliError(str(error)) from None
    done = snapshots.restore(session.client, items)
    session.say(f"restored from {path}: {done.written} objects written, {done.removed} removed")
    return None


def _file(session: Session, arguments: Arguments, verb: str) -> Path:
    if len(arguments.words) != 1:
        raise PlainError(
            f"error: name the file: {session.program} snapshot {verb} FILE\n"
            f"See '{session.program} snapshot -h' for help and examples"
        )
    return Path(arguments.words[0])


def _lead(session: Session, arguments: Arguments) -> int | None:
    parts = ("save", "restore")
    raise no_subcommand(f"{session.program} snapshot", parts, arguments.words)


COMMANDS = {
    "": Command(
        about=(
            "Keep all objects of a cluster in a file, and go back to them: names, uids, data and "
            "statuses as they were. What runs in containers and lies in volumes is not kept."
        ),
        usage="snapshot (save | restore) FILE",
        examples="\n# Keep everything\nknarr snapshot save before.snapshot\n",
        run=_lead,
    ),
    "save": Command(
        about="Keep all objects of the cluster in a file. It holds secrets: keep it to yourself.",
        usage="snapshot save FILE",
        examples="\n# Keep everything\nknarr snapshot save before.snapshot\n",
        run=_save,
    ),
    "restore": Command(
        about=(
            "Make the cluster's objects those of a file: what is not in it goes, what is comes "
            "back. Nodes and their leases stay as they are now."
        ),
        usage="snapshot restore FILE",
        examples="\n# Go back to it\nknarr snapshot restore before.snapshot\n",
        run=_restore,
    ),
}
