"""`patch`: change part of an object."""

import json
from pathlib import Path
from typing import Any

from knarr.api.kind import Kind
from knarr.cli.command import Command
from knarr.cli.failures import CliError, raise_all
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.manifests import file_flags, files_of, is_file_given
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, named
from knarr.cli.session import Session
from knarr.cli.writing import WRITE_FLAGS, dry_run_of, write_options
from knarr.cli.yaml_reader import YamlTextError, read_yaml
from knarr.client.dynamic import StatusError

Json = dict[str, Any]

TYPES = ("json", "merge", "strategic")
_VERSIONS = {"autoscaling": "v1"}


def run(session: Session, arguments: Arguments) -> int | None:
    """Patch what is meant."""
    patch_type = arguments.text("type").lower()
    if patch_type not in TYPES:
        raise CliError(f'--type must be one of [{" ".join(TYPES)}], not "{patch_type}"')
    patch = _patch(arguments)
    results = Results(session, arguments, dry_run=dry_run_of(session, arguments))
    errors: list[Exception] = []
    for found in _targets(session, arguments):
        try:
            _patched(session, arguments, found, patch, patch_type, results)
        except StatusError as error:
            errors.append(error)
    raise_all(errors)
    return None


def _patched(
    session: Session,
    arguments: Arguments,
    found: Found,
    patch: bytes,
    patch_type: str,
    results: Results,
) -> None:
    client, subresource = session.client, arguments.text("subresource")
    before = client.get(found.kind, found.namespace, found.name, subresource=subresource)
    if dry_run_of(session, arguments) == "client":
        results.add(Found(found.kind, found.namespace, found.name, before), "patched")
        return
    kind_type = patch_type if found.kind.type_path or patch_type != "strategic" else "merge"
    after = client.patch(
        found.kind,
        found.namespace,
        found.name,
        patch,
        write_options(session, arguments),
        patch_type=kind_type,
        subresource=subresource,
    )
    kind = _kind_of(found.kind, after)
    is_same = before == after
    same = " (no change)" if is_same else ""
    results.add(Found(kind, found.namespace, found.name, after), f"patched{same}")


def _kind_of(kind: Kind, obj: Json) -> Kind:
    """The kind of what was answered: of a subresource it is another."""
    if obj.get("kind", kind.name) == kind.name:
        return kind
    group, _, version = obj["apiVersion"].rpartition("/")
    return Kind(group, version, obj["kind"].lower() + "s", obj["kind"], "")


def _targets(session: Session, arguments: Arguments) -> list[Found]:
    if is_file_given(arguments):
        return files_of(session, arguments)
    asked = named(session, arguments.words)
    if not asked.objects:
        raise CliError(
            "one or more resources must be specified as <resource> <name> or <resource>/<name>"
        )
    return [
        Found(kind, session.namespace if kind.namespaced else "", name, {})
        for kind, name in asked.objects
    ]


def _patch(arguments: Arguments) -> bytes:
    content, file = arguments.text("patch"), arguments.text("patch-file")
    if bool(content) == bool(file):
        raise CliError("must specify --patch or --patch-file containing the contents of the patch")
    if file:
        try:
            content = Path(file).read_text()
        except OSError as error:
            raise CliError(f"unable to read patch file: {error}") from None
    try:
        return json.dumps(next(read_yaml(content), None)).encode()
    except YamlTextError as error:
        raise CliError(f'unable to parse "{content}": {error}') from None


COMMAND = Command(
    about="Change part of an object by a strategic, merge or JSON patch.",
    usage="patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [flags]",
    examples="""
# Change one field
knarr patch deployment web -p '{"spec":{"template":{"spec":{"priority":null}}}}'

# Change the number of replicas by a JSON patch
knarr patch deployment web --type=json -p '[{"op":"replace","path":"/spec/replicas","value":2}]'

# Scale by the scale subresource
knarr patch deployment web --subresource=scale --type=merge -p '{"spec":{"replicas":2}}'
""",
    flags=(
        *PRINT_FLAGS,
        *WRITE_FLAGS,
        *file_flags("identifying the resource to update"),
        text("patch", "p", help="The patch to be applied to the resource, JSON or YAML"),
        text("patch-file", help="A file containing a patch to be applied to the resource"),
        text("type", default="strategic", help="The type of patch: json, merge or strategic"),
        text("subresource", help="The subresource to patch: status or scale"),
        truth("local", help="Ignored"),
    ),
    run=run,
    manager="kubectl-patch",
)
