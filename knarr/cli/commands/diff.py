"""`diff`: what apply would change."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from knarr.cli.command import Command
from knarr.cli.commands.apply import patch_of, pruned
from knarr.cli.failures import CliError, ExitError
from knarr.cli.flags import Arguments, array, number, text, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.output.printer import without_managed_fields
from knarr.cli.output.yaml_text import yaml_text
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.cli.writing import with_configuration
from knarr.client.dynamic import StatusError, Write

Json = dict[str, Any]


def run(session: Session, arguments: Arguments) -> int | None:
    """Show the differences; end with 1 when there are any."""
    if not is_file_given(arguments):
        raise CliError("must specify one of -f and -k", code=2)
    objects = files_of(session, arguments)
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "LIVE"), Path(folder, "MERGED")
        before.mkdir()
        after.mkdir()
        pairs = [(found, *_pair(session, arguments, found)) for found in objects]
        if arguments.truth("prune"):
            gone = pruned(session, arguments, objects)
            pairs += [(one, _shown(arguments, one.object), None) for one in gone]
        for found, live, merged in pairs:
            name = f"{found.kind.api_version}.{found.kind.name}.{found.namespace}.{found.name}"
            name = name.replace("/", ".")
            hides = found.kind.name == "Secret" and not arguments.truth("show-secrets")
            states = _masked(live, merged) if hides else (live, merged)
            for place, state in zip((before, after), states, strict=True):
                (place / name).write_text(yaml_text(state) if state is not None else "")
        program = os.environ.get("KUBECTL_EXTERNAL_DIFF")
        command = shlex.split(program) if program else ["diff", "-u", "-N"]
        code = subprocess.run([*command, str(before), str(after)], check=False).returncode
    if code:
        raise ExitError(code)
    return None


def _masked(live: Json | None, merged: Json | None) -> tuple[Json | None, Json | None]:
    """Two states of a Secret that show what changes, and nothing of it."""
    before = ((live or {}).get("data") or {}) if live else {}
    after = ((merged or {}).get("data") or {}) if merged else {}
    masks: tuple[Json, Json] = ({}, {})
    for key in before.keys() | after.keys():
        is_changed = key in before and key in after and before[key] != after[key]
        for mask, data, word in (
            (masks[0], before, " (before)"), (masks[1], after, " (after)"),
        ):  # fmt: skip
            if key in data:
                mask[key] = "***" + (word if is_changed else "")
    shown_live = {**live, "data": masks[0]} if live and before else live
    return shown_live, {**merged, "data": masks[1]} if merged and after else merged


def _pair(session: Session, arguments: Arguments, found: Found) -> tuple[Json | None, Json | None]:
    client = session.client
    options = Write(field_manager="kubectl-client-side-apply", dry_run=True)
    try:
        live = client.get(found.kind, found.namespace, found.name)
    except StatusError as error:
        if error.reason != "NotFound":
            raise
        wanted = with_configuration(found.object)
        return None, _shown(
            arguments, client.create(found.kind, wanted, options, namespace=found.namespace)
        )
    if arguments.truth("server-side"):
        merged = client.patch(
            found.kind,
            found.namespace,
            found.name,
            found.object,
            Write(field_manager=arguments.text("field-manager") or "kubectl", dry_run=True),
            patch_type="apply",
            force=arguments.truth("force-conflicts"),
        )
    else:
        patch = patch_of(found.kind, found.object, live)
        patch_type = "strategic" if found.kind.type_path else "merge"
        merged = client.patch(
            found.kind, found.namespace, found.name, patch, options, patch_type=patch_type
        )
    return _shown(arguments, live), _shown(arguments, merged)


def _shown(arguments: Arguments, obj: Json) -> Json:
    kept: Json = obj if arguments.truth("show-managed-fields") else without_managed_fields(obj)
    return kept


COMMAND = Command(
    about="Show what apply would change. Ends with 1 when there are differences.",
    usage="diff -f FILENAME",
    examples="""
# Show what applying a file would change
knarr diff -f web.yaml
""",
    flags=(
        *file_flags("contains the configuration to diff"),
        truth("server-side", help="Diff as apply --server-side would"),
        truth("force-conflicts", help="With --server-side: take fields over from other managers"),
        truth("show-managed-fields", help="Keep the managedFields"),
        truth("show-secrets", help="Show what Secrets hold"),
        truth("prune", help="Show too what apply --prune would delete"),
        array("prune-allowlist", help="With --prune: the kinds that are pruned"),
        number("concurrency", default=1, help="Ignored: one object after the other"),
        text("selector", "l", help="Diff only objects with these labels"),
        text("field-manager", help="Name of the manager used to track field ownership"),
    ),
    run=run,
)
