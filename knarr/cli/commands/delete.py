"""`delete`: ask for objects to go, and wait until they are gone."""

from typing import Any

from knarr.api.kind import Kind
from knarr.cli.command import Command
from knarr.cli.failures import CliError, no_objects, raise_all
from knarr.cli.flags import Arguments, Flag, duration, number, text, truth
from knarr.cli.live import changes_of
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.resources import label
from knarr.cli.selecting import (
    Found,
    check_selectors,
    list_kind,
    named,
    selection_of,
    selector_flags,
    unable_to_find,
)
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN, dry_run_of
from knarr.client.dynamic import Selection, StatusError, Write

Json = dict[str, Any]

FLAGS = (
    *selector_flags(),
    *file_flags("containing the resource to delete"),
    DRY_RUN,
    truth("all", help="Delete all resources, in the namespace of the specified resource types"),
    Flag("cascade", default="background", bare="background",
         help='Must be "background", "orphan", or "foreground"'),
    truth("force", help="Take the object away at once, whatever still runs"),
    number("grace-period", default=-1, help="Seconds the object gets to end well"),
    truth("ignore-not-found", help='Treat "resource not found" as a successful delete'),
    truth("now", help="Let the object end at once (a grace period of 1)"),
    truth("wait", default=True, help="Wait until the objects are gone"),
    duration("timeout", help="The longest to wait, zero means as long as it takes"),
    text("output", "o", help='Output mode. Use "-o name" for shorter output (resource/name)'),
    truth("interactive", "i", help="Ask before anything is deleted"),
    text("raw", help="Raw URI to DELETE to the server"),
)  # fmt: skip

POLICIES = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
ENDLESS_S = 7 * 24 * 3600.0
"""What a wait without a limit waits."""


def run(session: Session, arguments: Arguments) -> int | None:
    """Delete what is meant."""
    if arguments.text("raw"):
        from knarr.cli.raw import request  # noqa: PLC0415

        session.write(request(session, "DELETE", arguments.text("raw")))
        return None
    _check(arguments)
    targets, errors = _targets(session, arguments)
    if not targets and not errors:
        session.say("No resources found")
        return None
    if arguments.truth("interactive") and not _agreed(session, targets):
        session.say("deletion is cancelled")
        return None
    if arguments.truth("force") and arguments.number("grace-period") <= 0:
        session.tell(
            "Warning: Immediate deletion does not wait for confirmation that the running resource "
            "has been terminated. The resource may continue to run on the cluster indefinitely."
        )
    deleted = _delete_all(session, arguments, targets, errors)
    if arguments.truth("wait") and dry_run_of(session, arguments) == "none":
        for found, answer in deleted:
            try:
                wait_until_gone(session, found, answer, timeout_s=arguments.seconds("timeout"))
            except CliError as error:
                errors.append(error)
    raise_all(errors)
    return None


def _check(arguments: Arguments) -> None:
    cascade = arguments.text("cascade")
    if cascade not in (*POLICIES, "true", "false"):
        raise CliError(
            f'invalid cascade value ({cascade}). Must be "background", "foreground", or "orphan"'
        )
    if arguments.truth("now") and arguments.number("grace-period") >= 0:
        raise CliError("--now and --grace-period cannot be specified together")
    if arguments.truth("force") and (
        arguments.truth("now") or arguments.number("grace-period") > 0
    ):
        raise CliError("--force and --grace-period greater than 0 cannot be specified together")
    if arguments.truth("all") and arguments.text("selector"):
        raise CliError("cannot set --all and --selector at the same time")
    if not arguments.words and not is_file_given(arguments):
        raise no_objects()


def _targets(session: Session, arguments: Arguments) -> tuple[list[Found], list[Exception]]:
    found = files_of(session, arguments)
    if not arguments.words:
        return found, []
    asked = named(session, arguments.words)
    selection = selection_of(arguments)
    check_selectors(asked, selection)
    if asked.kinds and not (arguments.truth("all") or selection.labels or selection.fields):
        raise CliError("resource(s) were provided, but no name was specified")
    if asked.objects and arguments.truth("all"):
        raise CliError("name cannot be provided when a selector is specified")
    errors: list[Exception] = []
    for kind, name in asked.objects:
        found.append(Found(kind, session.namespace if kind.namespaced else "", name, {}))
    everywhere = arguments.truth("all-namespaces")
    for kind in asked.kinds:
        try:
            found += list_kind(session, kind, selection, everywhere=everywhere)
        except StatusError as error:
            errors.append(unable_to_find(error, kind, selection))
    return found, errors


def _agreed(session: Session, targets: list[Found]) -> bool:
    session.say("You are about to delete the following resource(s):")
    for found in targets:
        session.say(found.label)
    session.write("Do you want to continue? (y/N): ")
    import sys  # noqa: PLC0415

    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _delete_all(
    session: Session, arguments: Arguments, targets: list[Found], errors: list[Exception]
) -> list[tuple[Found, Json]]:
    dry_run = dry_run_of(session, arguments)
    options = delete_options(arguments)
    deleted = []
    for found in targets:
        try:
            answer: Json = {}
            if dry_run == "client":
                session.client.get(found.kind, found.namespace, found.name)
            else:
                write = Write(dry_run=dry_run == "server")
                answer = session.client.delete(
                    found.kind, found.namespace, found.name, options, write
                )
        except StatusError as error:
            if not (error.reason == "NotFound" and _may_be_missing(arguments)):
                errors.append(error)
            continue
        deleted.append((found, answer))
        session.say(_line(arguments, found, dry_run))
    return deleted


def _may_be_missing(arguments: Arguments) -> bool:
    if "ignore-not-found" in arguments.given:
        return arguments.truth("ignore-not-found")
    return arguments.truth("all")


def delete_options(arguments: Arguments) -> Json:
    """The DeleteOptions that the flags mean."""
    cascade = arguments.text("cascade")
    policy = {"true": "Background", "false": "Orphan"}.get(cascade) or POLICIES[cascade]
    options: Json = {"propagationPolicy": policy}
    grace_s = arguments.number("grace-period")
    if arguments.values.get("now"):
        grace_s = 1
    elif arguments.truth("force") and grace_s < 0:
        grace_s = 0
    elif grace_s == 0 and not arguments.truth("force"):
        grace_s = 1  # A pod must not vanish while its processes run, unless that was asked for.
    if grace_s >= 0:
        options["gracePeriodSeconds"] = grace_s
    return options


def _line(arguments: Arguments, found: Found, dry_run: str) -> str:
    if arguments.text("output") == "name":
        return found.label
    is_forced = arguments.truth("force") and arguments.number("grace-period") <= 0
    verb = "force deleted" if is_forced else "deleted"
    where = f" from {found.namespace} namespace" if found.namespace else ""
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    return f'{label(found.kind)} "{found.name}" {verb}{where}{suffix}'


def wait_until_gone(session: Session, found: Found, answer: Json, *, timeout_s: float) -> None:
    """Return when the object is gone or another of its name is there. Raise CliError."""
    details = answer.get("details") or {}
    uid = details.get("uid") or (answer.get("metadata") or {}).get("uid", "")
    selection = Selection(fields=f"metadata.name={found.name}")
    page = session.client.list(found.kind, found.namespace, selection)
    if not page.objects or (uid and page.objects[0]["metadata"].get("uid") != uid):
        return
    if timeout_s < 0:
        timeout_s = ENDLESS_S
    found.object = page.objects[0]
    about = f"{found.label} to be gone"
    for change in changes_of(
        session, found, about, after=page.revision, timeout_s=timeout_s or ENDLESS_S
    ):
        if change.type == "DELETED":
            return
    raise CliError(f"timed out waiting for the condition on {_place(found.kind)}/{found.name}")


def _place(kind: Kind) -> str:
    return kind.resource


COMMAND = Command(
    about="Delete objects by file, by name, or by what they are labelled with.",
    usage="delete ([-f FILENAME] | TYPE [(NAME | -l label | --all)]) [flags]",
    examples="""
# Delete a pod, and wait until it is gone
knarr delete pod web

# Delete all pods and services with a label
knarr delete pods,services -l app=web

# Delete what a file made
knarr delete -f web.yaml --wait=false

# Take a pod away at once
knarr delete pod web --force --grace-period=0
""",
    flags=FLAGS,
    run=run,
)
