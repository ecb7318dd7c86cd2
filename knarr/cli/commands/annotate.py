"""`annotate`: set and remove annotations."""

from typing import Any

from knarr.cli.changing import CHANGE_FLAGS, change_all, chosen, copied
from knarr.cli.command import Command
from knarr.cli.commands.label import split
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.selecting import Found
from knarr.cli.session import Session

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Annotate what is meant."""
    names, pairs, removed = split(arguments.words)
    if arguments.truth("list"):
        return _list(session, arguments, names)
    if not pairs and not removed:
        raise CliError("at least one annotation update is required")

    def change(found: Found) -> Json:
        wanted: Json = copied(found.object)
        annotations = wanted["metadata"].get("annotations") or {}
        if not arguments.truth("overwrite"):
            _check(annotations, pairs)
        annotations.update(pairs)
        for key in removed:
            annotations.pop(key, None)
        wanted["metadata"]["annotations"] = annotations
        if arguments.text("resource-version"):
            wanted["metadata"]["resourceVersion"] = arguments.text("resource-version")
        return wanted

    change_all(session, arguments, names, change, lambda _found, _before: "annotated")
    return None


def _list(session: Session, arguments: Arguments, names: list[str]) -> int | None:
    found, _ = chosen(session, arguments, names)
    for one in found:
        annotations = one.object["metadata"].get("annotations") or {}
        for key in sorted(annotations):
            session.say(f"{key}={annotations[key]}")
    return None


def _check(annotations: Json, pairs: dict[str, str]) -> None:
    taken = [
        f"'{key}' already has a value ({annotations[key]})"
        for key, value in pairs.items()
        if key in annotations and annotations[key] != value
    ]
    if taken:
        raise CliError(
            "--overwrite is false but found the following declared annotation(s): "
            + "; ".join(taken)
        )


COMMAND = Command(
    about="Set annotations of objects, and remove them (KEY-).",
    usage="annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
    examples="""
# Annotate a pod
knarr annotate pod web note='a first one'

# Remove an annotation
knarr annotate pod web note-
""",
    flags=(
        *CHANGE_FLAGS,
        truth("overwrite", help="If true, allow annotations to be overwritten"),
        truth("list", help="If true, display the annotations for a given resource."),
        text("resource-version", help="Change only this version of the object"),
    ),
    run=run,
    manager="kubectl-annotate",
)
