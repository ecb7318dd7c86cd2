"""What all commands that write have in common: dry runs, field managers, validation."""

from typing import Any

from knarr.cli.failures import CliError, with_source
from knarr.cli.flags import Arguments, Flag, text, truth
from knarr.cli.output.json_text import compact_json
from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError, Write

Json = dict[str, Any]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
CHANGE_CAUSE = "kubernetes.io/change-cause"

DRY_RUN = Flag(
    "dry-run",
    default="none",
    help='Must be "none", "server", or "client"',
    bare="unchanged",
)
MANAGER = text("field-manager", help="Name of the manager used to track field ownership")
VALIDATE = Flag(
    "validate",
    default="strict",
    help="Must be one of: strict (or true), warn, ignore (or false)",
    bare="strict",
)
SAVE_CONFIG = truth(
    "save-config", help="Keep the object's configuration in its annotation, for a later apply"
)
WRITE_FLAGS = (DRY_RUN, MANAGER)


def dry_run_of(session: Session, arguments: Arguments) -> str:
    """`none`, `client` or `server`. Raise CliError."""
    value = str(arguments.values.get("dry-run", "none"))
    if value == "unchanged":
        session.tell("Warning: --dry-run is deprecated and can be replaced with --dry-run=client.")
        return "client"
    if value in ("none", "client", "server"):
        return value
    raise CliError(f'Invalid dry-run value ({value}). Must be "none", "server", or "client".')


def write_options(session: Session, arguments: Arguments) -> Write:
    """How this command writes."""
    return Write(
        field_manager=str(arguments.values.get("field-manager") or "") or session.manager,
        field_validation=_validation(arguments),
        dry_run=dry_run_of(session, arguments) == "server",
    )


def _validation(arguments: Arguments) -> str:
    value = str(arguments.values.get("validate", "warn")).lower()
    known = {"strict": "Strict", "true": "Strict", "warn": "Warn", "ignore": "Ignore"}
    known["false"] = "Ignore"
    if value not in known:
        raise CliError(
            f'invalid argument "{value}" for "--validate" flag: must be strict, warn or ignore'
        )
    return known[value]


def create(session: Session, found: Found, options: Write, verb: str = "creating") -> Found:
    """Create an object and answer it as stored; errors name its file."""
    try:
        stored = session.client.create(found.kind, found.object, options, namespace=found.namespace)
    except StatusError as error:
        raise with_source(verb, found.source, error) from None
    name = stored["metadata"].get("name", "") or stored["metadata"].get("generateName", "")
    return Found(found.kind, found.namespace, name, stored, found.source)


def configuration(obj: Json) -> str:
    """An object as the annotation of apply keeps it."""
    metadata = dict(obj.get("metadata") or {})
    annotations = dict(metadata.get("annotations") or {})
    annotations.pop(LAST_APPLIED, None)
    kept = {**obj, "metadata": {**metadata, "annotations": annotations}}
    return compact_json(kept) + "\n"


def with_configuration(obj: Json) -> Json:
    """An object that carries its own configuration in the annotation of apply."""
    metadata = dict(obj.get("metadata") or {})
    annotations = {**(metadata.get("annotations") or {}), LAST_APPLIED: configuration(obj)}
    return {**obj, "metadata": {**metadata, "annotations": annotations}}
