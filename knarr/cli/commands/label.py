"""`label`: set and remove labels."""

import re
from typing import Any

from knarr.cli.changing import CHANGE_FLAGS, change_all, chosen, copied
from knarr.cli.command import Command
from knarr.cli.failures import CliError
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.selecting import Found
from knarr.cli.session import Session

Json = dict[str, Any]

_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
VALUE_RULE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def split(words: list[str]) -> tuple[list[str], dict[str, str], list[str]]:
    """Words that name objects, pairs to set, and keys to remove."""
    names: list[str] = []
    pairs: dict[str, str] = {}
    removed: list[str] = []
    for word in words:
        if "=" in word and not word.startswith("="):
            key, _, value = word.partition("=")
            pairs[key] = value
        elif word.endswith("-") and (pairs or removed or len(names) > 1 or "/" in "".join(names)):
            removed.append(word[:-1])
        else:
            names.append(word)
    return names, pairs, removed


def run(session: Session, arguments: Arguments) -> int | None:
    """Label what is meant."""
    names, pairs, removed = split(arguments.words)
    if arguments.truth("list"):
        return _list(session, arguments, names)
    if not pairs and not removed:
        raise CliError("at least one label update is required")
    for key, value in pairs.items():
        if not _VALUE.fullmatch(value) or len(value) > 63:
            raise CliError(f'invalid label value: "{key}={value}": {VALUE_RULE}')

    def change(found: Found) -> Json:
        return _changed(session, arguments, found, pairs, removed)

    def done(found: Found, before: Json) -> str:
        was = before["metadata"].get("labels") or {}
        if {**was, **pairs} == was and not any(key in was for key in removed):
            return "not labeled"
        return "labeled" if pairs else "unlabeled"

    change_all(session, arguments, names, change, done)
    return None


def _changed(
    session: Session, arguments: Arguments, found: Found, pairs: dict[str, str], removed: list[str]
) -> Json:
    wanted: Json = copied(found.object)
    labels = wanted["metadata"].get("labels") or {}
    if not arguments.truth("overwrite"):
        _check(labels, pairs)
    labels.update(pairs)
    for key in removed:
        if key not in labels:
            session.say(f'label "{key}" not found.')
        labels.pop(key, None)
    wanted["metadata"]["labels"] = labels
    if not labels:
        del wanted["metadata"]["labels"]
    _pin(arguments, wanted)
    return wanted


def _check(labels: Json, pairs: dict[str, str]) -> None:
    for key, value in pairs.items():
        if key in labels and labels[key] != value:
            raise CliError(f"'{key}' already has a value ({labels[key]}), and --overwrite is false")


def _pin(arguments: Arguments, wanted: Json) -> None:
    version = arguments.text("resource-version")
    if version:
        wanted["metadata"]["resourceVersion"] = version


def _list(session: Session, arguments: Arguments, names: list[str]) -> int | None:
    found, _ = chosen(session, arguments, names)
    for one in found:
        if len(found) > 1:
            session.say(f"Listing labels for {one.kind.name}.{one.kind.api_version}/{one.name}:")
        labels = one.object["metadata"].get("labels") or {}
        for key in sorted(labels):
            session.say(f"{key}={labels[key]}")
    return None


COMMAND = Command(
    about="Set labels of objects, and remove them (KEY-).",
    usage="label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N",
    examples="""
# Label a pod
knarr label pod web unhealthy=true

# Change a label that is there
knarr label --overwrite pod web unhealthy=false

# Remove a label
knarr label pod web unhealthy-
""",
    flags=(
        *CHANGE_FLAGS,
        truth("overwrite", help="If true, allow labels to be overwritten"),
        truth("list", help="If true, display the labels for a given resource."),
        text("resource-version", help="Change only this version of the object"),
    ),
    run=run,
    manager="kubectl-label",
)
