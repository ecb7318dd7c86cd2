"""`rollout`: follow, list, undo, pause, resume and restart the rollouts of workloads."""

from collections.abc import Callable
from typing import Any

from knarr.api import times
from knarr.cli.command import Command, Run
from knarr.cli.describing.sheet import Sheet
from knarr.cli.describing.template import template
from knarr.cli.failures import CliError, PlainError, no_subcommand, raise_all
from knarr.cli.flags import Arguments, Flag, duration, number, text, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.output.table import columns_text
from knarr.cli.rollouts import change_cause, progress, revisions, template_of
from knarr.cli.selecting import Found, find, selector_flags
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN, MANAGER, dry_run_of, write_options
from knarr.client.dynamic import Selection, StatusError
from knarr.daemon.clock import SystemClock

Json = dict[str, Any]

RESTARTED = "kubectl.kubernetes.io/restartedAt"
_CHOOSE = (*selector_flags(has_fields=False, all_namespaces=False), *file_flags())
_WRITE = (*_CHOOSE, *PRINT_FLAGS, DRY_RUN, MANAGER)


def _each(session: Session, arguments: Arguments) -> list[Found]:
    found = []
    for one in files_of(session, arguments):
        got = session.client.get(one.kind, one.namespace, one.name)
        found.append(Found(one.kind, one.namespace, one.name, got))
    if arguments.words:
        more, errors = find(session, arguments.words, arguments, allow_lists=True)
        raise_all(errors)
        found += more
    elif not found:
        raise PlainError("error: required resource not specified")
    return found


def _status(session: Session, arguments: Arguments) -> int | None:
    revision, follows = arguments.number("revision"), arguments.truth("watch")
    timeout_s = arguments.seconds("timeout") or None
    for found in _each(session, arguments):
        words, is_done = progress(found, revision)
        session.say(words)
        if is_done or not follows:
            continue
        _follow(session, found, revision, timeout_s, words)
    return None


def _follow(
    session: Session, found: Found, revision: int, timeout_s: float | None, last: str
) -> None:
    selection = Selection(fields=f"metadata.name={found.name}")
    after = int(found.object["metadata"]["resourceVersion"])
    for change in session.client.watch(
        found.kind, found.namespace, selection, after=after, timeout_s=timeout_s
    ):
        if change.type == "BOOKMARK":
            continue
        if change.type == "DELETED":
            raise CliError("object has been deleted")
        now = Found(found.kind, found.namespace, found.name, change.object)
        words, is_done = progress(now, revision)
        if words != last:
            session.say(words)
        last = words
        if is_done:
            return
    raise CliError("timed out waiting for the condition")


def _history(session: Session, arguments: Arguments) -> int | None:
    number_wanted = arguments.number("revision")
    for found in _each(session, arguments):
        history = revisions(session, found)
        if not number_wanted:
            rows = [["REVISION", "CHANGE-CAUSE"]]
            rows += [[str(key), change_cause(one)] for key, one in history.items()]
            session.say(f"{found.label} ")
            session.write(columns_text(rows, gap=2) + "\n")
            continue
        if number_wanted not in history:
            raise CliError(f"unable to find the specified revision {number_wanted}")
        sheet = Sheet()
        template(sheet, template_of(found, history[number_wanted]))
        session.say(f"{found.label} with revision #{number_wanted}")
        session.write(sheet.text())
    return None


def _undo(session: Session, arguments: Arguments) -> int | None:
    results = Results(session, arguments, dry_run=dry_run_of(session, arguments))
    wanted = arguments.number("to-revision")
    for found in _each(session, arguments):
        if found.object["spec"].get("paused"):
            raise CliError(
                f"you cannot rollback a paused {found.kind.name.lower()}; resume it first with "
                f"'{session.program} rollout resume {found.kind.name.lower()}/{found.name}' and "
                "try again"
            )
        history = revisions(session, found)
        target = _target(history, wanted)
        old = template_of(found, history[target])
        results.add(found, _rolled_back(session, arguments, found, old, target))
    return None


def _target(history: dict[int, Json], wanted: int) -> int:
    if wanted:
        if wanted not in history:
            raise CliError(f"unable to find specified revision {wanted} in history")
        return wanted
    if len(history) < 2:
        raise CliError("no rollout history found for the object: there is nothing to go back to")
    return sorted(history)[-2]


def _rolled_back(
    session: Session, arguments: Arguments, found: Found, old: Json, target: int
) -> str:
    current = found.object["spec"]["template"]
    labels = dict((old.get("metadata") or {}).get("labels") or {})
    labels.pop("pod-template-hash", None)
    wanted = {**old, "metadata": {**(old.get("metadata") or {}), "labels": labels}}
    if wanted == current:
        return f"skipped rollback (current template already matches revision {target})"
    if dry_run_of(session, arguments) != "client":
        patch = [{"op": "replace", "path": "/spec/template", "value": wanted}]
        options = write_options(session, arguments)
        session.client.patch(
            found.kind, found.namespace, found.name, patch, options, patch_type="json"
        )
    return "rolled back"


def _changing(verb: str, patch_of: Callable[[Found], Json], done: str) -> Run:
    def run(session: Session, arguments: Arguments) -> int | None:
        dry_run = dry_run_of(session, arguments)
        results = Results(session, arguments, dry_run=dry_run)
        errors: list[Exception] = []
        for found in _each(session, arguments):
            try:
                patch = patch_of(found)
                if dry_run != "client":
                    options = write_options(session, arguments)
                    found.object = session.client.patch(
                        found.kind,
                        found.namespace,
                        found.name,
                        patch,
                        options,
                        patch_type="strategic",
                    )
                results.add(found, done)
            except (CliError, StatusError) as error:
                errors.append(error)
        raise_all(errors)
        return None

    run.__name__ = verb
    return run


def _pause(found: Found) -> Json:
    if found.kind.name != "Deployment":
        raise CliError(f'{found.kind.resource} "{found.name}" pausing is not supported')
    if found.object["spec"].get("paused"):
        raise CliError(f'{found.kind.resource} "{found.name}" is already paused')
    return {"spec": {"paused": True}}


def _resume(found: Found) -> Json:
    if found.kind.name != "Deployment":
        raise CliError(f'{found.kind.resource} "{found.name}" resuming is not supported')
    if not found.object["spec"].get("paused"):
        raise CliError(f'{found.kind.resource} "{found.name}" is not paused')
    return {"spec": {"paused": None}}


def _restart(found: Found) -> Json:
    if found.kind.name not in ("Deployment", "DaemonSet", "StatefulSet"):
        raise CliError(f'{found.kind.resource} "{found.name}" restarting is not supported')
    if found.object["spec"].get("paused"):
        raise CliError("can't restart paused deployment (run rollout resume first)")
    now = times.to_time(SystemClock().now())
    return {"spec": {"template": {"metadata": {"annotations": {RESTARTED: now}}}}}


def _part(name: str, about: str, example: str, run: Run, flags: tuple[Flag, ...]) -> Command:
    return Command(
        about=about,
        usage=f"rollout {name} (TYPE NAME | TYPE/NAME) [flags]",
        examples=f"\n# {example}\nknarr rollout {name} deployment/web\n",
        flags=flags,
        run=run,
        manager="kubectl-rollout",
    )


def _lead(session: Session, arguments: Arguments) -> int | None:
    parts = ("status", "history", "undo", "pause", "resume", "restart")
    raise no_subcommand(f"{session.program} rollout", parts, arguments.words)


COMMANDS = {
    "": Command(
        about="Follow, list, undo, pause, resume or restart the rollout of a workload.",
        usage="rollout SUBCOMMAND",
        examples="""
# Follow a rollout
knarr rollout status deployment/web

# Go back to the version before
knarr rollout undo deployment/web
""",
        run=_lead,
    ),
    "status": _part(
        "status",
        "Follow a rollout until it is done.",
        "Wait until a rollout is done",
        _status,
        (
            *_CHOOSE,
            truth("watch", "w", default=True, help="Watch the rollout until it's done"),
            duration("timeout", help="The longest to wait, zero for as long as it takes"),
            number("revision", help="Follow only this revision"),
        ),
    ),
    "history": _part(
        "history",
        "List the earlier versions of a workload.",
        "List the earlier versions",
        _history,
        (
            *_CHOOSE,
            *PRINT_FLAGS,
            number("revision", help="See the details of this revision"),
        ),
    ),
    "undo": _part(
        "undo",
        "Go back to an earlier version.",
        "Go back to the version before",
        _undo,
        (*_WRITE, number("to-revision", help="The revision to go back to; the last by default")),
    ),
    "pause": _part(
        "pause",
        "Keep a deployment from rolling out until it is resumed.",
        "Pause a deployment",
        _changing("pause", _pause, "paused"),
        _WRITE,
    ),
    "resume": _part(
        "resume",
        "Let a paused deployment roll out again.",
        "Resume a deployment",
        _changing("resume", _resume, "resumed"),
        _WRITE,
    ),
    "restart": _part(
        "restart",
        "Replace all pods of a workload, as its strategy allows.",
        "Restart a deployment",
        _changing("restart", _restart, "restarted"),
        (*_WRITE, text("reason", help="Ignored")),
    ),
}
