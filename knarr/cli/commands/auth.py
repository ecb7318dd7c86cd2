"""`auth`: who one is, what one may do, and roles made what files say."""

from typing import Any

from knarr.cli.command import Command
from knarr.cli.failures import CliError, ExitError, no_subcommand
from knarr.cli.flags import Arguments, text, truth
from knarr.cli.manifests import file_flags, files_of
from knarr.cli.output.printer import PRINT_FLAGS, Results, printer_of
from knarr.cli.output.table import columns_text
from knarr.cli.session import Session
from knarr.cli.writing import DRY_RUN, create, dry_run_of
from knarr.client.dynamic import StatusError, Write

Json = dict[str, Any]


def _can_i(session: Session, arguments: Arguments) -> int | None:
    if arguments.truth("list") and arguments.words:
        raise CliError("list option must be specified with no arguments")
    if arguments.truth("list"):
        return _list(session, arguments)
    words = arguments.words
    if len(words) not in (2, 3):
        raise CliError(
            "you must specify two arguments: verb resource or verb resource/resourceName.\n"
            f"See '{session.program} auth can-i -h' for help and examples."
        )
    spec: Json = {}
    if words[1].startswith("/"):
        spec["nonResourceAttributes"] = {"verb": words[0], "path": words[1]}
    else:
        spec["resourceAttributes"] = _attributes(session, arguments)
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "metadata": {},
        "spec": spec,
    }
    kind = session.resources.find("selfsubjectaccessreviews")
    status = session.client.create(kind, review).get("status") or {}
    is_allowed = bool(status.get("allowed"))
    if not arguments.truth("quiet"):
        reason = f" - {status['reason']}" if status.get("reason") and not is_allowed else ""
        session.say("yes" if is_allowed else f"no{reason}")
    if not is_allowed:
        raise ExitError(1)
    return None


def _attributes(session: Session, arguments: Arguments) -> Json:
    verb, word = arguments.words[:2]
    word, slash, name = word.partition("/")
    if len(arguments.words) == 3 and not slash:
        name = arguments.words[2]
    group, plural = "", word
    if word != "*":
        try:
            kind = session.resources.find(word)
            group, plural = kind.group, kind.plural
            if not kind.namespaced and "namespace" not in arguments.given:
                session.tell(
                    f"Warning: resource '{kind.plural}' is not namespace scoped"
                    + (f" in group '{group}'" if group else "")
                    + "\n"
                )
        except CliError:
            session.tell(f"Warning: the server doesn't have a resource type '{word}'\n")
    attributes = {"verb": verb, "group": group or ("*" if word == "*" else ""), "resource": plural}
    if not arguments.truth("all-namespaces"):
        attributes["namespace"] = session.namespace
    if name:
        attributes["name"] = name
    if arguments.text("subresource"):
        attributes["subresource"] = arguments.text("subresource")
    return attributes


def _list(session: Session, arguments: Arguments) -> int | None:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "metadata": {},
        "spec": {"namespace": session.namespace},
    }
    kind = session.resources.find("selfsubjectrulesreviews")
    status = session.client.create(kind, review).get("status") or {}
    rows = sorted(
        [*_resource_rows(status), *_path_rows(status)], key=lambda row: _order(row[0], row[1])
    )
    table = [shown for _, _, shown in rows]
    if not arguments.truth("no-headers"):
        table.insert(0, ["Resources", "Non-Resource URLs", "Resource Names", "Verbs"])
    session.write(columns_text(table))
    return None


_Row = tuple[list[str], list[str], list[str]]
"""Verbs, what they are for, and the cells."""


def _order(verbs: list[str], parts: list[str]) -> str:
    """Rules stand by their verbs, then by what these are for."""
    group, resource, names, url = parts
    return (
        f"&PolicyRule{{Verbs:[{' '.join(verbs)}],APIGroups:[{group}],Resources:[{resource}],"
        f"ResourceNames:[{names}],NonResourceURLs:[{url}],}}"
    )


def _resource_rows(status: Json) -> list[_Row]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for rule in status.get("resourceRules") or []:
        names = " ".join(rule.get("resourceNames") or [])
        for group in rule.get("apiGroups") or [""]:
            for resource in rule.get("resources") or []:
                found.setdefault((group, resource, names), []).extend(rule.get("verbs") or [])
    rows: list[_Row] = []
    for (group, resource, names), given in found.items():
        verbs = list(dict.fromkeys(given))
        shown = f"{resource}.{group}" if group else resource
        cells = [shown, "[]", f"[{names}]", f"[{' '.join(verbs)}]"]
        rows.append((verbs, [group, resource, names, ""], cells))
    return rows


def _path_rows(status: Json) -> list[_Row]:
    rows: list[_Row] = []
    for rule in status.get("nonResourceRules") or []:
        verbs = rule.get("verbs") or []
        for url in rule.get("nonResourceURLs") or []:
            cells = ["", f"[{url}]", "[]", f"[{' '.join(verbs)}]"]
            rows.append((verbs, ["", "", "", url], cells))
    return rows


def _whoami(session: Session, arguments: Arguments) -> int | None:
    review = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "SelfSubjectReview",
        "metadata": {},
    }
    kind = session.resources.find("selfsubjectreviews")
    answer = session.client.create(kind, review)
    printer = printer_of(arguments)
    if printer is not None:
        session.write(printer(answer))
        return None
    user = (answer.get("status") or {}).get("userInfo") or {}
    rows = [["ATTRIBUTE", "VALUE"], ["Username", user.get("username", "")]]
    if user.get("uid"):
        rows.append(["UID", user["uid"]])
    if user.get("groups"):
        rows.append(["Groups", f"[{' '.join(user['groups'])}]"])
    for key, values in sorted((user.get("extra") or {}).items()):
        rows.append([f"Extra: {key}", f"[{' '.join(values)}]"])
    session.write(columns_text(rows))
    return None


def _reconcile(session: Session, arguments: Arguments) -> int | None:
    dry_run = dry_run_of(session, arguments)
    results = Results(session, arguments, dry_run=dry_run)
    options = Write(field_manager="kubectl-auth", dry_run=dry_run == "server")
    for found in files_of(session, arguments):
        if found.kind.group != "rbac.authorization.k8s.io":
            continue
        try:
            current = session.client.get(found.kind, found.namespace, found.name)
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            made = found if dry_run == "client" else create(session, found, options)
            results.add(made, "reconciled")
            continue
        key = "subjects" if found.kind.name.endswith("Binding") else "rules"
        wanted = found.object.get(key) or []
        extra = [one for one in current.get(key) or [] if one not in wanted]
        merged = wanted if arguments.truth(f"remove-extra-{_WORDS[key]}") else [*wanted, *extra]
        if dry_run != "client" and merged != current.get(key):
            patch = {key: merged}
            current = session.client.patch(found.kind, found.namespace, found.name, patch, options)
        found.object = {**current, key: merged}
        results.add(found, "reconciled")
    return None


_WORDS = {"subjects": "subjects", "rules": "permissions"}


def _lead(session: Session, arguments: Arguments) -> int | None:
    parts = ("can-i", "whoami", "reconcile")
    raise no_subcommand(f"{session.program} auth", parts, arguments.words)


COMMANDS = {
    "": Command(
        about="Inspect who may do what.",
        usage="auth SUBCOMMAND",
        examples="\n# Ask whether one may delete pods\nknarr auth can-i delete pods\n",
        run=_lead,
    ),
    "can-i": Command(
        about="Say whether an action is allowed; ends with 1 when it is not.",
        usage="auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL]",
        examples="""
# Ask whether one may create pods
knarr auth can-i create pods

# List what one may do
knarr auth can-i --list
""",
        flags=(
            truth("all-namespaces", "A", help="Check the action in all namespaces"),
            truth("list", help="Print all allowed actions"),
            truth("quiet", "q", help="Print nothing, only end with 0 or 1"),
            truth("no-headers", help="Don't print headers"),
            text("subresource", help="A subresource such as pod/log"),
        ),
        run=_can_i,
    ),
    "whoami": Command(
        about="Say who the server takes one for.",
        usage="auth whoami",
        examples="\n# Ask who one is\nknarr auth whoami\n",
        flags=PRINT_FLAGS,
        run=_whoami,
    ),
    "reconcile": Command(
        about="Make roles and bindings hold at least what files say.",
        usage="auth reconcile -f FILENAME",
        examples="\n# Reconcile roles\nknarr auth reconcile -f roles.yaml\n",
        flags=(
            *file_flags("identifying the resource to reconcile"),
            DRY_RUN,
            truth("remove-extra-permissions", help="Remove permissions that the file has not"),
            truth("remove-extra-subjects", help="Remove subjects that the file has not"),
            *PRINT_FLAGS,
        ),
        run=_reconcile,
    ),
}
