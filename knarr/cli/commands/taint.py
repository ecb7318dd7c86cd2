"""`taint`: which pods a node keeps away."""

import re
from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError, raise_all
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.output.printer import PRINT_FLAGS, Results
from knarr.cli.selecting import Found, find
from knarr.cli.session import Session
from knarr.cli.writing import VALIDATE, WRITE_FLAGS, dry_run_of, write_options

Json = dict[str, Any]

_TAINT = re.compile(r"([^=:]+)(?:=([^:]*))?(?::(\w+))?(-)?")
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def run(session: Session, arguments: Arguments) -> int | None:
    """Taint the nodes that are meant."""
    kind = session.resources.find(arguments.words[0]) if arguments.words else None
    if kind is None or kind.name != "Node":
        raise CliError("taint needs nodes: taint nodes NAME KEY=VALUE:EFFECT")
    words = [one for one in arguments.words[1:] if ":" in one or "=" in one or one.endswith("-")]
    names = [one for one in arguments.words[1:] if one not in words]
    if not words:
        if names and len(names) > 1:
            names, words = names[:-1], names[-1:]
        raise CliError("at least one taint update is required")
    added, removed = _parse(session, words)
    found, errors = find(
        session, [arguments.words[0], *names], arguments, allow_lists=arguments.truth("all")
    )
    raise_all(errors)
    dry_run = dry_run_of(session, arguments)
    results = Results(session, arguments, dry_run=dry_run)
    for node in found:
        results.add(node, _apply(session, arguments, node, added, removed))
    return None


def _parse(session: Session, words: list[str]) -> tuple[list[Json], list[Json]]:
    added: list[Json] = []
    removed: list[Json] = []
    for word in words:
        match = _TAINT.fullmatch(word.removesuffix("-"))
        if match is None:
            raise CliError(f"invalid taint spec: {word}")
        key, value, effect = match[1], match[2], match[3]
        if effect and effect not in EFFECTS:
            raise CliError(
                f"invalid taint effect: {effect}, unsupported taint effect\n"
                f"See '{session.program} taint -h' for help and examples"
            )
        if word.endswith("-"):
            removed.append({"key": key, "effect": effect or ""})
        elif not effect:
            raise CliError(f"invalid taint spec: {word}")
        else:
            taint = {"key": key, "effect": effect}
            added.append(taint | ({"value": value} if value else {}))
    return added, removed


def _apply(
    session: Session, arguments: Arguments, node: Found, added: list[Json], removed: list[Json]
) -> str:
    before: list[Json] = node.object["spec"].get("taints") or []
    known = {(one["key"], one["effect"]) for one in before}
    clash = [one["key"] for one in added if (one["key"], one["effect"]) in known]
    if clash and not arguments.truth("overwrite"):
        raise CliError(
            f"node {node.name} already has {','.join(clash)} taint(s) with same effect(s) and "
            "--overwrite is false"
        )
    for one in removed:
        if not any(_is_meant(one, taint) for taint in before):
            effect = f":{one['effect']}" if one["effect"] else ""
            raise CliError(f'taint "{one["key"]}{effect}" not found')
    fresh = {(one["key"], one["effect"]) for one in added}
    kept = [
        taint
        for taint in before
        if (taint["key"], taint["effect"]) not in fresh
        and not any(_is_meant(one, taint) for one in removed)
    ]
    spec = {**node.object["spec"], "taints": [*kept, *added]}
    node.object = {**node.object, "spec": spec}
    if dry_run_of(session, arguments) != "client":
        patch = {"spec": {"taints": [*kept, *added] or None}}
        options = write_options(session, arguments)
        node.object = session.client.patch(node.kind, "", node.name, patch, options)
    if clash:
        return "modified"
    return "tainted" if added and not removed else "untainted" if not added else "modified"


def _is_meant(wanted: Json, taint: Json) -> bool:
    return bool(wanted["key"] == taint["key"] and wanted["effect"] in ("", taint["effect"]))


COMMAND = Command(
    about="Add taints to nodes, and remove them (KEY-).",
    usage="taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
    examples="""
# Keep pods away that do not tolerate it
knarr taint nodes node-1 dedicated=web:NoSchedule

# Remove the taint
knarr taint nodes node-1 dedicated-
""",
    flags=(
        *WRITE_FLAGS,
        text("selector", "l", help="Selector (label query) to filter on"),
        truth("all", help="Select all nodes in the cluster"),
        truth("overwrite", help="Allow taints to be overwritten"),
        *PRINT_FLAGS,
        VALIDATE,
    ),
    run=run,
    manager="kubectl-taint",
)
