"""Changes of nodes: whether they take pods, and their taints."""

from typing import Any

from knarr.cli.failures import CliError, raise_all
from knarr.cli.flags import Arguments
from knarr.cli.selecting import Found, list_kind, selection_of
from knarr.cli.session import Session
from knarr.cli.writing import dry_run_of
from knarr.client.dynamic import StatusError, Write

Json = dict[str, Any]


def nodes_of(session: Session, arguments: Arguments) -> list[Found]:
    """The nodes that are meant. Raise CliError, StatusError."""
    kind = session.resources.find("nodes")
    selection = selection_of(arguments)
    if selection.labels:
        if arguments.words:
            raise CliError("cannot specify both a node name and a --selector option")
        return list(list_kind(session, kind, selection))
    if not arguments.words:
        raise CliError("one or more nodes must be named: NODE or -l LABEL")
    found, errors = [], []
    for word in arguments.words:
        name = word.removeprefix("node/").removeprefix("nodes/").removeprefix("no/")
        try:
            found.append(Found(kind, "", name, session.client.get(kind, "", name)))
        except StatusError as error:
            errors.append(error)
    raise_all(errors)
    return found


def set_schedulable(
    session: Session, arguments: Arguments, node: Found, *, schedulable: bool
) -> None:
    """Cordon or uncordon a node, and say so."""
    verb = "uncordoned" if schedulable else "cordoned"
    dry_run = dry_run_of(session, arguments)
    suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(dry_run, "")
    is_cordoned = bool(node.object["spec"].get("unschedulable"))
    if is_cordoned is not schedulable:
        session.say(f"node/{node.name} already {verb}{suffix}")
        return
    if dry_run != "client":
        patch = {"spec": {"unschedulable": None if schedulable else True}}
        options = Write(field_manager="kubectl-cordon", dry_run=dry_run == "server")
        session.client.patch(node.kind, "", node.name, patch, options, patch_type="strategic")
    session.say(f"node/{node.name} {verb}{suffix}")
