"""`replace`: put whole objects in the place of those that are there."""

from knarr.cli.command import Command
from knarr.cli.commands.delete import wait_until_gone
from knarr.cli.failures import CliError, raise_all, with_source
from knarr.cli.flags import Arguments, duration, number, text, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.resources import label
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.cli.writing import (
    LAST_APPLIED,
    SAVE_CONFIG,
    VALIDATE,
    WRITE_FLAGS,
    create,
    dry_run_of,
    with_configuration,
    write_options,
)
from knarr.client.dynamic import StatusError


def run(session: Session, arguments: Arguments) -> int | None:
    """Replace the objects of the files."""
    if not is_file_given(arguments):
        raise CliError("must specify --filename or --kustomize")
    results = Results(session, arguments, dry_run=dry_run_of(session, arguments))
    errors: list[Exception] = []
    for found in files_of(session, arguments):
        try:
            if arguments.truth("force"):
                results.add(_forced(session, arguments, found), "replaced")
            else:
                results.add(_replaced(session, arguments, found), "replaced")
        except StatusError as error:
            errors.append(error)
    raise_all(errors)
    return None


def _replaced(session: Session, arguments: Arguments, found: Found) -> Found:
    if arguments.truth("save-config"):
        found.object = with_configuration(found.object)
    if dry_run_of(session, arguments) == "client":
        return found
    subresource = arguments.text("subresource")
    try:
        current = session.client.get(found.kind, found.namespace, found.name)
        annotations = current["metadata"].get("annotations") or {}
        if LAST_APPLIED in annotations:
            found.object = with_configuration(found.object)
        found.object["metadata"].setdefault(
            "resourceVersion", current["metadata"]["resourceVersion"]
        )
        found.object = session.client.update(
            found.kind,
            found.object,
            write_options(session, arguments),
            namespace=found.namespace,
            name=found.name,
            subresource=subresource,
        )
    except StatusError as error:
        raise with_source("replacing", found.source, error) from None
    return found


def _forced(session: Session, arguments: Arguments, found: Found) -> Found:
    grace_s = arguments.number("grace-period")
    options = {"propagationPolicy": "Background"}
    if grace_s >= 0:
        options["gracePeriodSeconds"] = grace_s  # type: ignore[assignment]  # JSON
    try:
        gone = session.client.delete(found.kind, found.namespace, found.name, options)
        session.say(f'{label(found.kind)} "{found.name}" deleted')
        wait_until_gone(session, found, gone, timeout_s=arguments.seconds("timeout"))
    except StatusError as error:
        if error.reason != "NotFound":
            raise
    return create(session, found, write_options(session, arguments))


COMMAND = Command(
    about="Replace objects by those in files.",
    usage="replace -f FILENAME",
    examples="""
# Replace the objects in a file
knarr replace -f web.yaml

# Delete them and create them again
knarr replace --force -f web.yaml
""",
    flags=(
        *PRINT_FLAGS,
        *WRITE_FLAGS,
        *file_flags("to use to replace the resource"),
        VALIDATE,
        SAVE_CONFIG,
        truth("force", help="Delete the objects and create them again"),
        number("grace-period", default=-1, help="Seconds the deleted objects get to end"),
        duration("timeout", help="The longest to wait for the deletion"),
        truth("wait", help="Wait until the objects are gone"),
        text("cascade", default="background", help="How deleted objects' dependents go"),
        text("subresource", help="The subresource to replace: status or scale"),
        text("raw", help="Raw URI to PUT to the server"),
    ),
    run=run,
    manager="kubectl-replace",
)
