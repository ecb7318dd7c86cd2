"""`diff`: what apply would change."""

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from knarr.cli.command import Command
from knarr.cli.commands.apply import patch_of
from knarr.cli.failures import CliError, ExitError
from knarr.cli.flags import Arguments, text, truth
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
        raise CliError("must specify one of -f and -k")
    objects = files_of(session, arguments)
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "LIVE"), Path(folder, "MERGED")
        before.mkdir()
        after.mkdir()
        for found in objects:
            live, merged = _pair(session, arguments, found)
            name = f"{found.kind.api_version}.{found.kind.name}.{found.namespace}.{found.name}"
            name = name.replace("/", ".")
            (before / name).write_text(yaml_text(live) if live is not None else "")
            (after / name).write_text(yaml_text(merged))
        program = os.environ.get("KUBECTL_EXTERNAL_DIFF")
        command = shlex.split(program) if program else ["diff", "-u", "-N"]
        code = subprocess.run([*command, str(before), str(after)], check=False).returncode
    if code:
        raise ExitError(code)
    return None


def _pair(session: Session, arguments: Arguments, found: Found) -> tuple[Json | None, Json]:
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
            Write(field_manager="kubectl", dry_run=True),
            patch_type="apply",
            force=True,
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
        truth("force-conflicts", help="Ignored"),
        truth("show-managed-fields", help="Keep the managedFields"),
        truth("prune", help="Ignored"),
        text("selector", "l", help="Diff only objects with these labels"),
        text("field-manager", help="Name of the manager used to track field ownership"),
    ),
    run=run,
)
