"""Commands that read objects, change them and write a patch of the difference."""

from collections.abc import Callable, Sequence
from typing import Any

from knarr.api.kind import Kind
from knarr.cli.failures import CliError, raise_all
from knarr.cli.flags import Arguments, Flag, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, find, selector_flags
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN, MANAGER, dry_run_of, write_options
from knarr.client.dynamic import StatusError

Json = dict[str, Any]
Change = Callable[[Found], Json]
"""Answers the changed object; the one given stays as it is."""

CHOOSE_FLAGS: tuple[Flag, ...] = (
    *selector_flags(),
    *file_flags("identifying the resource to update"),
    truth("all", help="Select all resources, in the namespace of the specified resource types"),
    truth("local", help="Work on the files alone, without a server"),
)
CHANGE_FLAGS = (*CHOOSE_FLAGS, *PRINT_FLAGS, DRY_RUN, MANAGER)


def chosen(
    session: Session, arguments: Arguments, words: Sequence[str]
) -> tuple[list[Found], list[Exception]]:
    """The objects that words, selectors and files mean."""
    found: list[Found] = []
    for one in files_of(session, arguments):
        if arguments.truth("local"):
            found.append(one)
            continue
        got = session.client.get(one.kind, one.namespace, one.name)
        found.append(Found(one.kind, one.namespace, one.name, got))
    errors: list[Exception] = []
    if words:
        more, errors = find(session, words, arguments, allow_lists=arguments.truth("all"))
        found += more
    if not found and not errors and not words:
        raise CliError(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>"
        )
    return found, errors


def change_all(
    session: Session,
    arguments: Arguments,
    words: Sequence[str],
    change: Change,
    done: Callable[[Found, Json], str],
) -> None:
    """Change what is meant, one after the other. `done` says what to print of each."""
    found, errors = chosen(session, arguments, words)
    results = Results(session, arguments, dry_run=dry_run_of(session, arguments))
    for one in found:
        try:
            before = one.object
            wanted = change(one)
            one.object = stored(session, arguments, one, wanted)
            results.add(one, done(one, before))
        except (StatusError, CliError) as error:
            errors.append(error)
    raise_all(errors)


def stored(session: Session, arguments: Arguments, found: Found, wanted: Json) -> Json:
    """Write the difference to the server, unless this is a dry run or a file's object."""
    patch = difference(found.object, wanted)
    is_local = bool(arguments.values.get("local"))
    if not patch or is_local or dry_run_of(session, arguments) == "client":
        return wanted
    options = write_options(session, arguments)
    return session.client.patch(found.kind, found.namespace, found.name, patch, options)


def difference(before: Any, after: Any) -> Json:
    """The merge patch from one object to another."""
    patch: Json = {}
    for key in before.keys() | after.keys():
        if key not in after:
            patch[key] = None
        elif key not in before:
            patch[key] = after[key]
        elif isinstance(before[key], dict) and isinstance(after[key], dict):
            inner = difference(before[key], after[key])
            if inner:
                patch[key] = inner
        elif before[key] != after[key]:
            patch[key] = after[key]
    return patch


def copied(obj: Any) -> Any:
    """A copy that may be changed."""
    if isinstance(obj, dict):
        return {key: copied(value) for key, value in obj.items()}
    return [copied(one) for one in obj] if isinstance(obj, list) else obj


def pod_spec(obj: Json) -> Json | None:
    """The pod spec in an object: of a pod, a template or a job template; None without one."""
    spec = obj.get("spec") or {}
    if obj.get("kind") == "Pod":
        return spec
    if obj.get("kind") == "CronJob":
        spec = (spec.get("jobTemplate") or {}).get("spec") or {}
    template = spec.get("template")
    if not isinstance(template, dict):
        return None
    found: Json = template.setdefault("spec", {})
    return found


def kind_words(kind: Kind) -> str:
    """What messages call a kind: `deployments.apps`."""
    return kind.resource
