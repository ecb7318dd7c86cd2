"""`scale`: a new number of replicas."""

from knarr.cli.command import Command
from knarr.cli.failures import CliError, PlainError, raise_all
from knarr.cli.flags import Arguments, duration, number, text, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, find, selector_flags
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN, dry_run_of
from knarr.client.dynamic import StatusError, Write

FLAGS = (
    *PRINT_FLAGS,
    *selector_flags(has_fields=False, all_namespaces=False),
    *file_flags("identifying the resource to set a new size"),
    DRY_RUN,
    truth("all", help="Select all resources of the specified types in the namespace"),
    number("replicas", default=-1, help="The new number of replicas. Required."),
    number("current-replicas", default=-1, help="Scale only if this is the current number"),
    text("resource-version", help="Scale only if this is the current version"),
    duration("timeout", help="The longest to wait for the new size, zero for not at all"),
)


def run(session: Session, arguments: Arguments) -> int | None:
    """Scale what is meant."""
    if "replicas" not in arguments.given:
        raise PlainError('error: required flag(s) "replicas" not set')
    if arguments.number("replicas") < 0:
        raise CliError(
            "The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0"
        )
    errors: list[Exception] = []
    found = files_of(session, arguments)
    if arguments.words:
        more, errors = find(session, arguments.words, arguments, allow_lists=arguments.truth("all"))
        found += more
    if not found and not errors:
        raise CliError("no objects passed to scale")
    results = Results(session, arguments, dry_run=dry_run_of(session, arguments))
    for one in found:
        try:
            results.add(_scaled(session, arguments, one), "scaled")
        except StatusError as error:
            errors.append(error)
    raise_all(errors)
    return None


def _scaled(session: Session, arguments: Arguments, found: Found) -> Found:
    client, kind = session.client, found.kind
    if not any(one.name == "scale" for one in kind.subresources):
        raise CliError(f"cannot scale a {kind.name}: it has no scale")
    scale = client.get(kind, found.namespace, found.name, subresource="scale")
    current = (scale.get("spec") or {}).get("replicas", 0)
    expected = arguments.number("current-replicas")
    if expected >= 0 and current != expected:
        raise CliError(f"Expected replicas to be {expected}, was {current}")
    version = arguments.text("resource-version")
    if version and version != scale["metadata"].get("resourceVersion"):
        actual = scale["metadata"].get("resourceVersion")
        raise CliError(f"Expected resource version to be {version}, was {actual}")
    dry_run = dry_run_of(session, arguments)
    if dry_run != "client":
        patch = {"spec": {"replicas": arguments.number("replicas")}}
        options = Write(field_manager="kubectl", dry_run=dry_run == "server")
        scale = client.patch(kind, found.namespace, found.name, patch, options, subresource="scale")
        if arguments.seconds("timeout"):
            _wait(session, arguments, found)
    return Found(kind, found.namespace, found.name, found.object, found.source)


def _wait(session: Session, arguments: Arguments, found: Found) -> None:
    from knarr.client.dynamic import Selection  # noqa: PLC0415

    wanted = arguments.number("replicas")
    selection = Selection(fields=f"metadata.name={found.name}")
    page = session.client.list(found.kind, found.namespace, selection)
    if any((one.get("status") or {}).get("replicas", 0) == wanted for one in page.objects):
        return
    changes = session.client.watch(
        found.kind,
        found.namespace,
        selection,
        after=page.revision,
        timeout_s=arguments.seconds("timeout"),
    )
    for change in changes:
        if (change.object.get("status") or {}).get("replicas", 0) == wanted:
            return
    raise CliError(f"timed out waiting for {found.label} to have {wanted} replicas")


COMMAND = Command(
    about="Set a new size for a deployment, replica set, replication controller or stateful set.",
    usage="scale --replicas=COUNT (-f FILENAME | TYPE NAME) [flags]",
    examples="""
# Scale a deployment to 3
knarr scale --replicas=3 deployment/web

# Scale only when there are 3 now
knarr scale --current-replicas=3 --replicas=2 deployment/web
""",
    flags=FLAGS,
    run=run,
)
