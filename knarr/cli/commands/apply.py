"""`apply`: make objects what files say, by a three-way patch or on the server."""

import json
from typing import Any

from knarr.api.kind import Kind
from knarr.cli.command import Command
from knarr.cli.commands.last_applied import LAST_APPLIED_COMMANDS
from knarr.cli.failures import CliError, PlainError, raise_all, with_source
from knarr.cli.flags import Arguments, array, duration, number, text, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.output.json_text import compact_json
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, selection_of
from knarr.cli.session import Session
from knarr.cli.writing import (
    LAST_APPLIED,
    VALIDATE,
    WRITE_FLAGS,
    create,
    dry_run_of,
    with_configuration,
    write_options,
)
from knarr.client.dynamic import StatusError, Write

Json = dict[str, Any]

FLAGS = (
    *PRINT_FLAGS,
    *WRITE_FLAGS,
    *file_flags("that contains the configuration to apply"),
    VALIDATE,
    text("selector", "l", help="Apply only objects with these labels"),
    truth("all", help="With --prune: all objects of the pruned kinds"),
    truth("server-side", help="Have the server apply, and keep who manages which field"),
    truth("force-conflicts", help="With --server-side: take fields over from other managers"),
    truth("prune", help="Delete applied objects that are in no file any more"),
    array("prune-allowlist", help="With --prune: the kinds that are pruned, group/version/kind"),
    truth("overwrite", default=True, help="Undo what others changed of the applied fields"),
    truth("force", help="Delete and create again what cannot be changed"),
    truth("wait", help="With --prune: wait until the objects are gone"),
    duration("timeout", help="The longest to wait"),
    number("grace-period", default=-1, help="Seconds the deleted objects get to end"),
    text("cascade", default="background", help="How deleted objects' dependents go"),
    text("subresource", help="With --server-side: the part to apply, status or scale"),
    truth("openapi-patch", default=True, help="Ignored: patches follow the kinds' own types"),
)

PRUNED = (
    ("v1", "ConfigMap"), ("v1", "Endpoints"), ("v1", "PersistentVolumeClaim"), ("v1", "Pod"),
    ("v1", "ReplicationController"), ("v1", "Secret"), ("v1", "Service"),
    ("batch/v1", "Job"), ("batch/v1", "CronJob"), ("networking.k8s.io/v1", "Ingress"),
    ("apps/v1", "DaemonSet"), ("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"), ("v1", "Namespace"), ("v1", "PersistentVolume"),
)  # fmt: skip
"""The kinds of which --prune deletes what no file names, unless --prune-allowlist names others."""

ATTEMPTS = 5
"""So often a patch is made anew when the object changed meanwhile."""


def run(session: Session, arguments: Arguments) -> int | None:
    """Apply all objects of the files."""
    _check(session, arguments)
    objects = files_of(session, arguments)
    if not objects:
        raise CliError("no objects passed to apply")
    dry_run = dry_run_of(session, arguments)
    results = Results(session, arguments, dry_run=dry_run)
    apply_one = _on_server if arguments.truth("server-side") else _here
    errors: list[Exception] = []
    for found in objects:
        try:
            applied, operation = apply_one(session, arguments, found)
            results.add(applied, operation)
        except StatusError as error:
            errors.append(error)
    if arguments.truth("prune") and not errors:
        _prune(session, arguments, objects)
    raise_all(errors)
    return None


def _check(session: Session, arguments: Arguments) -> None:
    if not is_file_given(arguments):
        raise CliError("must specify one of -f and -k")
    if arguments.words:
        raise PlainError(
            f"error: Unexpected args: [{' '.join(arguments.words)}]\n"
            f"See '{session.program} apply -h' for help and examples"
        )
    if arguments.text("subresource") and not arguments.truth("server-side"):
        raise CliError("--subresource is supported only with --server-side")
    is_chosen = arguments.text("selector") or arguments.truth("all")
    if arguments.truth("prune") and not is_chosen:
        raise CliError(
            "all resources selected for prune without explicitly passing --all. To prune all "
            "resources, pass the --all flag. If you did not mean to prune all resources, specify "
            "a label selector"
        )


def _on_server(session: Session, arguments: Arguments, found: Found) -> tuple[Found, str]:
    options = write_options(session, arguments)
    manager = arguments.text("field-manager") or "kubectl"
    if dry_run_of(session, arguments) == "client":
        raise CliError(
            "--dry-run=client doesn't work with --server-side "
            "(did you mean --dry-run=server instead?)"
        )
    options = Write(
        field_manager=manager,
        field_validation=options.field_validation,
        dry_run=options.dry_run,
    )
    try:
        stored = session.client.patch(
            found.kind,
            found.namespace,
            found.name,
            found.object,
            options,
            patch_type="apply",
            subresource=arguments.text("subresource"),
            force=arguments.truth("force-conflicts"),
        )
    except StatusError as error:
        if error.reason == "Conflict":
            raise PlainError(
                f"error: {error.message}\nThese fields have other managers. To take them over, add "
                "--force-conflicts; to leave them alone, take them out of the manifest; to share "
                "them, give them the value they have."
            ) from None
        raise with_source("applying", found.source, error) from None
    return Found(found.kind, found.namespace, found.name, stored), "serverside-applied"


def _here(session: Session, arguments: Arguments, found: Found) -> tuple[Found, str]:
    if not found.name:
        raise CliError(
            f"error when retrieving current configuration of:\n{found.label}\nfrom server for: "
            f'"{found.source}": resource name may not be empty'
        )
    options = write_options(session, arguments)
    is_client_run = dry_run_of(session, arguments) == "client"
    try:
        current = session.client.get(found.kind, found.namespace, found.name)
    except StatusError as error:
        if error.reason != "NotFound":
            raise with_source("retrieving current configuration of", found.source, error) from None
        wanted = Found(
            found.kind, found.namespace, found.name, with_configuration(found.object), found.source
        )
        return (wanted if is_client_run else create(session, wanted, options)), "created"
    if LAST_APPLIED not in (current["metadata"].get("annotations") or {}):
        _warn_of_missing(session, found)
    patch = patch_of(found.kind, found.object, current)
    if not patch:
        return Found(found.kind, found.namespace, found.name, current), "unchanged"
    if is_client_run:
        return Found(found.kind, found.namespace, found.name, current), "configured"
    return _patched(session, arguments, found, patch, options), "configured"


def _warn_of_missing(session: Session, found: Found) -> None:
    session.tell(
        f"Warning: resource {found.kind.plural}/{found.name} is missing the {LAST_APPLIED} "
        "annotation which is required by kubectl apply. kubectl apply should only be used on "
        "resources created declaratively by either kubectl create --save-config or kubectl apply. "
        "The missing annotation will be patched automatically."
    )


def patch_of(kind: Kind, wanted: Json, current: Json) -> Json:
    """The three-way patch that makes `current` what is wanted; empty when it is."""
    from knarr.api.patches.three_way import three_way  # noqa: PLC0415  # It loads types.

    text_before = (current["metadata"].get("annotations") or {}).get(LAST_APPLIED, "")
    try:
        original = json.loads(text_before) if text_before else {}
    except ValueError:
        original = {}
    object_type = kind.type if kind.type_path else None
    return three_way(object_type, original, with_configuration(wanted), current)


def _patched(
    session: Session, arguments: Arguments, found: Found, patch: Json, options: Write
) -> Found:
    patch_type = "strategic" if found.kind.type_path else "merge"
    for attempt in range(ATTEMPTS):
        try:
            stored = session.client.patch(
                found.kind, found.namespace, found.name, patch, options, patch_type=patch_type
            )
            return Found(found.kind, found.namespace, found.name, stored)
        except StatusError as error:
            if error.reason == "Conflict" and attempt + 1 < ATTEMPTS:
                current = session.client.get(found.kind, found.namespace, found.name)
                patch = patch_of(found.kind, found.object, current)
                continue
            if arguments.truth("force") and error.reason in ("Conflict", "Invalid"):
                return _replaced(session, found, options)
            raise _patch_error(found, patch, error) from None
    raise AssertionError("the last attempt returns or raises")


def _patch_error(found: Found, patch: Json, error: StatusError) -> StatusError:
    kind = found.kind
    about = (
        f'Resource: "{kind.group}/{kind.version}, Resource={kind.plural}", GroupVersionKind: '
        f'"{kind.group}/{kind.version}, Kind={kind.name}"\nName: "{found.name}", Namespace: '
        f'"{found.namespace}"'
    ).lstrip("/")
    message = (
        f"error when applying patch:\n{compact_json(patch)}\nto:\n{about}\nfor: "
        f'"{found.source}": error when patching "{found.source}": {error.message}'
    )
    return StatusError({**error.status, "message": message})


def _replaced(session: Session, found: Found, options: Write) -> Found:
    """Delete the object and create it again."""
    from knarr.cli.commands.delete import wait_until_gone  # noqa: PLC0415

    gone = session.client.delete(
        found.kind, found.namespace, found.name, {"propagationPolicy": "Background"}
    )
    wait_until_gone(session, found, gone, timeout_s=0.0)
    wanted = Found(
        found.kind, found.namespace, found.name, with_configuration(found.object), found.source
    )
    return create(session, wanted, options)


def _prune(session: Session, arguments: Arguments, applied: list[Found]) -> None:
    from knarr.cli.commands.delete import delete_options, wait_until_gone  # noqa: PLC0415

    dry_run = dry_run_of(session, arguments)
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    gone: list[tuple[Found, Json]] = []
    for one in pruned(session, arguments, applied):
        if dry_run != "client":
            options = Write(dry_run=dry_run == "server")
            how = delete_options(arguments)
            gone.append(
                (one, session.client.delete(one.kind, one.namespace, one.name, how, options))
            )
        session.say(f"{one.label} pruned{suffix}")
    if arguments.truth("wait") and dry_run == "none":
        for one, answer in gone:
            wait_until_gone(session, one, answer, timeout_s=arguments.seconds("timeout"))


def pruned(session: Session, arguments: Arguments, applied: list[Found]) -> list[Found]:
    """What was applied once and is in no file any more."""
    kept = {(one.kind.group, one.kind.name, one.namespace, one.name) for one in applied}
    spaces = {one.namespace for one in applied if one.namespace} or {session.namespace}
    found: list[Found] = []
    for kind in _pruned_kinds(session, arguments):
        for space in sorted(spaces) if kind.namespaced else [""]:
            page = session.client.list(kind, space, selection_of(arguments))
            for obj in page.objects:
                name = obj["metadata"]["name"]
                is_applied = LAST_APPLIED in (obj["metadata"].get("annotations") or {})
                if is_applied and (kind.group, kind.name, space, name) not in kept:
                    found.append(Found(kind, space, name, obj))
    return found


def _pruned_kinds(session: Session, arguments: Arguments) -> list[Kind]:
    wanted = list(PRUNED)
    if arguments.list("prune-allowlist"):
        wanted = []
        for one in arguments.list("prune-allowlist"):
            if one.count("/") != 2:
                raise CliError(
                    f"invalid GroupVersionKind format: {one}, please follow <group/version/kind>"
                )
            group, version, name = one.split("/")
            wanted.append((version if group in ("core", "") else f"{group}/{version}", name))
    found = [session.resources.of(api_version, name) for api_version, name in wanted]
    return [kind for kind in found if kind is not None]


COMMAND = Command(
    about="Apply a configuration to objects: what is not there is created, the rest is patched.",
    usage="apply (-f FILENAME) [flags]",
    examples="""
# Apply the objects in a file
knarr apply -f web.yaml

# Say what would happen
knarr apply -f web.yaml --dry-run=server

# Have the server apply, and keep who manages which field
knarr apply --server-side --force-conflicts -f web.yaml
""",
    flags=FLAGS,
    run=run,
    manager="kubectl-client-side-apply",
)


COMMANDS = {"": COMMAND, **LAST_APPLIED_COMMANDS}
