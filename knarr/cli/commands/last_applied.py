"""`apply view-last-applied`, `set-last-applied` and `edit-last-applied`: what apply remembers."""

import json
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError, no_objects, raise_all
from knarr.cli.flags import Arguments, Flag, text, truth
from knarr.cli.manifests import file_flags, files_of, objects_of
from knarr.cli.output.json_text import json_text
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, find
from knarr.cli.session import Session
from knarr.cli.writing import (
    DRY_RUN,
    LAST_APPLIED,
    MANAGER,
    VALIDATE,
    dry_run_of,
    with_configuration,
    write_options,
)

Json = dict[str, Any]


def _chosen(session: Session, arguments: Arguments) -> list[Found]:
    """The objects that are meant, as the server has them."""
    found = files_of(session, arguments)
    for one in found:
        one.object = session.client.get(one.kind, one.namespace, one.name)
    if arguments.words:
        more, errors = find(
            session, arguments.words, arguments, allow_lists=bool(arguments.values.get("all"))
        )
        raise_all(errors)
        found += more
    if not found:
        raise no_objects()
    return found


def _remembered(found: Found) -> str:
    text_of_it = (found.object["metadata"].get("annotations") or {}).get(LAST_APPLIED)
    if text_of_it is None:
        raise CliError(f"no last-applied-configuration annotation found on resource: {found.name}")
    return str(text_of_it)


def _printed(arguments: Arguments, value: Json) -> str:
    from knarr.cli.output.yaml_text import yaml_text  # noqa: PLC0415

    match arguments.text("output"):
        case "json":
            return json_text(value)
        case "" | "yaml":
            return yaml_text(value)
    raise CliError(
        f"Unexpected -o output mode: {arguments.text('output')}, the flag 'output' must be one of "
        "yaml|json"
    )


def _view(session: Session, arguments: Arguments) -> int | None:
    for one in _chosen(session, arguments):
        session.write(_printed(arguments, json.loads(_remembered(one))))
    return None


def _set(session: Session, arguments: Arguments) -> int | None:
    results = Results(session, arguments, dry_run=dry_run_of(session, arguments))
    for one in files_of(session, arguments):
        current = session.client.get(one.kind, one.namespace, one.name)
        known = current["metadata"].get("annotations") or {}
        if LAST_APPLIED not in known and not arguments.truth("create-annotation"):
            raise CliError(
                f"no last-applied-configuration annotation found on resource: {one.name}, to "
                "create the annotation, run the command with --create-annotation"
            )
        results.add(_remember(session, arguments, one, one.object), "configured")
    return None


def _remember(session: Session, arguments: Arguments, one: Found, wanted: Json) -> Found:
    annotations = with_configuration(wanted)["metadata"]["annotations"]
    patch = {"metadata": {"annotations": {LAST_APPLIED: annotations[LAST_APPLIED]}}}
    if dry_run_of(session, arguments) == "client":
        return one
    options = write_options(session, arguments)
    stored = session.client.patch(one.kind, one.namespace, one.name, patch, options)
    return Found(one.kind, one.namespace, one.name, stored, one.source)


def _edit(session: Session, arguments: Arguments) -> int | None:
    from knarr.cli.editor import edited  # noqa: PLC0415

    results = Results(session, arguments)
    for one in _chosen(session, arguments):
        as_json = arguments.text("output") == "json"
        body = _printed(arguments, json.loads(_remembered(one)))
        changed = edited(body, ".json" if as_json else ".yaml")
        if not changed.strip() or changed.strip() == body.strip():
            session.tell("Edit cancelled, no changes made.")
            continue
        wanted = next(objects_of(session, changed, "the edited file")).object
        results.add(_remember(session, arguments, one, wanted), "edited")
    return None


_CHOOSE: tuple[Flag, ...] = (
    *file_flags("that contains the last-applied-configuration annotations"),
    text("selector", "l", help="Selector (label query) to filter on"),
    truth("all", help="Select all resources of the specified types"),
)

LAST_APPLIED_COMMANDS = {
    "view-last-applied": Command(
        about="Show the configuration that was applied last.",
        usage="apply view-last-applied (TYPE NAME | TYPE/NAME | -f FILENAME) [flags]",
        examples="""
# Show what was applied last to a deployment
knarr apply view-last-applied deployment/web
""",
        flags=(*_CHOOSE, text("output", "o", "yaml", help="yaml or json")),
        run=_view,
    ),
    "set-last-applied": Command(
        about="Make the last applied configuration what a file says, without changing the rest.",
        usage="apply set-last-applied -f FILENAME [flags]",
        examples="""
# Say that a file was applied last
knarr apply set-last-applied -f web.yaml --create-annotation
""",
        flags=(
            *file_flags("that contains the last-applied-configuration annotations"),
            *PRINT_FLAGS,
            DRY_RUN,
            truth("create-annotation", help="Create the annotation where there is none"),
        ),
        run=_set,
        manager="kubectl-set-last-applied",
    ),
    "edit-last-applied": Command(
        about="Edit the last applied configuration in an editor, without changing the rest.",
        usage="apply edit-last-applied (TYPE NAME | TYPE/NAME | -f FILENAME) [flags]",
        examples="""
# Edit what was applied last, with sed
KUBE_EDITOR='sed -i s/replicas:.*/replicas:\\ 4/' knarr apply edit-last-applied deployment/web
""",
        flags=(
            *_CHOOSE,
            *PRINT_FLAGS,
            MANAGER,
            VALIDATE,
            truth("windows-line-endings", help="Ignored: line ends are the editor's"),
        ),
        run=_edit,
        manager="kubectl-edit-last-applied",
    ),
}
