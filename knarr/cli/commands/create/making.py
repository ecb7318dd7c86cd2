"""What every generator does with the object it made: print it, or have it stored."""

from collections.abc import Callable
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, Flag
from knarr.cli.manifests import known
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.cli.writing import (
    SAVE_CONFIG,
    VALIDATE,
    WRITE_FLAGS,
    create,
    dry_run_of,
    with_configuration,
    write_options,
)
from knarr.client.dynamic import StatusError

Json = dict[str, Any]
Make = Callable[[Session, Arguments, str], Json]
"""Makes the object of a name from the flags."""

SHARED_FLAGS = (*PRINT_FLAGS, *WRITE_FLAGS, SAVE_CONFIG, VALIDATE)


def generator(
    make: Make,
    *,
    about: str,
    usage: str,
    examples: str,
    flags: tuple[Flag, ...] = (),
    required: tuple[str, ...] = (),
    failure: str = "",
) -> Command:
    """A command that makes an object; `failure` is what its errors call the object."""
    command = f"create {usage.split(' NAME', maxsplit=1)[0]}"

    def run(session: Session, arguments: Arguments) -> int | None:
        missing = [flag for flag in required if flag not in arguments.given]
        if missing:
            names = ", ".join(f'"{flag}"' for flag in missing)
            raise CliError(f"required flag(s) {names} not set")
        name = one_name(session, arguments, command)
        store(session, arguments, make(session, arguments, name), failure=failure)
        return None

    return Command(
        about=about,
        usage=f"create {usage}",
        examples=examples,
        flags=(*SHARED_FLAGS, *flags),
        run=run,
        manager="kubectl-create",
    )


def one_name(session: Session, arguments: Arguments, command: str) -> str:
    """The one name that stands on the line. Raise CliError."""
    if len(arguments.words) == 1:
        return arguments.words[0]
    raise PlainError(
        f"error: exactly one NAME is required, got {len(arguments.words)}\n"
        f"See '{session.program} {command} -h' for help and examples"
    )


def store(
    session: Session,
    arguments: Arguments,
    obj: Json,
    *,
    failure: str = "",
    operation: str = "created",
) -> Found:
    """Create an object made from flags, unless this is a dry run, and say so."""
    dry_run = dry_run_of(session, arguments)
    if arguments.values.get("save-config"):
        obj = with_configuration(obj)
    if dry_run == "client":
        kind = session.resources.of(obj["apiVersion"], obj["kind"])
        assert kind is not None, "generators make built-in kinds"
        if kind.namespaced and session.target.is_namespace_given:
            obj["metadata"]["namespace"] = session.namespace
        found = Found(kind, "", obj["metadata"]["name"], obj)
    else:
        wanted = known(session, obj, "")
        try:
            found = create(session, wanted, write_options(session, arguments))
        except StatusError as error:
            if failure:
                raise CliError(f"failed to create {failure}: {error.message}") from None
            raise
    Results(session, arguments, dry_run=dry_run).add(found, operation)
    return found
