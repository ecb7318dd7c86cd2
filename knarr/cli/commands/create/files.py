"""`create -f`: the objects of files."""

from knarr.cli.command import Command
from knarr.cli.commands.create.making import SHARED_FLAGS
from knarr.cli.failures import CliError, PlainError, raise_all
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given, objects_of
from knarr.cli.output.printer import Results, list_of
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.cli.writing import create, dry_run_of, with_configuration, write_options
from knarr.client.dynamic import StatusError


def run(session: Session, arguments: Arguments) -> int | None:
    """Create all of them."""
    if arguments.words:
        raise PlainError(
            f"error: Unexpected args: [{' '.join(arguments.words)}]\n"
            f"See '{session.program} create -h' for help and examples"
        )
    if arguments.text("raw"):
        _raw(session, arguments)
        return None
    objects = _objects(session, arguments)
    dry_run = dry_run_of(session, arguments)
    options = write_options(session, arguments)
    results = Results(session, arguments, dry_run=dry_run)
    errors: list[Exception] = []
    for found in objects:
        if arguments.truth("save-config"):
            found.object = with_configuration(found.object)
        try:
            results.add(
                _created(session, found, dry_run) or create(session, found, options), "created"
            )
        except StatusError as error:
            errors.append(error)
    raise_all(errors)
    return None


def _objects(session: Session, arguments: Arguments) -> list[Found]:
    if not is_file_given(arguments):
        raise CliError("must specify one of -f and -k")
    objects = files_of(session, arguments)
    if not objects:
        raise CliError("no objects passed to create")
    return _edited(session, arguments, objects) if arguments.truth("edit") else objects


def _edited(session: Session, arguments: Arguments, objects: list[Found]) -> list[Found]:
    """What the user makes of the objects in an editor."""
    from knarr.cli.editor import edited  # noqa: PLC0415
    from knarr.cli.output.json_text import json_text  # noqa: PLC0415
    from knarr.cli.output.yaml_text import yaml_text  # noqa: PLC0415

    value = objects[0].object if len(objects) == 1 else list_of([one.object for one in objects])
    as_json = arguments.text("output") == "json"
    body = json_text(value) if as_json else yaml_text(value)
    changed = edited(body, ".json" if as_json else ".yaml")
    if not changed.strip():
        raise CliError("Edit cancelled, saved file was empty.")
    return list(objects_of(session, changed, "the edited file"))


def _raw(session: Session, arguments: Arguments) -> None:
    from knarr.cli.manifests import texts_of  # noqa: PLC0415
    from knarr.cli.raw import request  # noqa: PLC0415

    files = list(texts_of(arguments.list("filename")))
    if len(files) != 1:
        raise CliError("--raw can only use a single local file or stdin")
    session.write(request(session, "POST", arguments.text("raw"), files[0][1].encode()))


def _created(session: Session, found: Found, dry_run: str) -> Found | None:
    return found if dry_run == "client" else None


COMMAND = Command(
    about="Create objects from files or from standard input; generators make single ones.",
    usage="create -f FILENAME [flags]",
    examples="""
# Create the objects in a file
knarr create -f web.yaml --dry-run=server

# Show what a generator makes
knarr create deployment web --image=nginx --dry-run=client -o yaml
""",
    flags=(
        *SHARED_FLAGS,
        *file_flags("to use to create the resource"),
        text("selector", "l", help="Create only objects with these labels"),
        truth("edit", help="Edit the objects before they are created"),
        truth("windows-line-endings", help="Ignored"),
        text("raw", help="Raw URI to POST to the server"),
    ),
    run=run,
    manager="kubectl-create",
)
