"""Generators of what may be done: roles, bindings, tokens."""

from typing import Any

from knarr.cli.command import Command
from knarr.cli.commands.create.making import generator, one_name
from knarr.cli.failures import CliError, PlainError
from knarr.cli.flags import Arguments, array, duration, text, words
from knarr.cli.generators import metadata
from knarr.cli.output.printer import PRINT_FLAGS, printer_of
from knarr.cli.session import Session
from knarr.client.dynamic import StatusError, Write

Json = dict[str, Any]

RBAC = "rbac.authorization.k8s.io"
_VERBS = frozenset(
    (
        *("*", "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"),
        *("use", "bind", "escalate", "impersonate", "proxy", "approve", "sign", "attest"),
    )
)
_RULE_FLAGS = (
    words("verb", help="Verb that applies to the resources contained in the rule"),
    words("resource", help="Resource that the rule applies to"),
    array("resource-name", help="Resource in the white list that the rule applies to"),
)


def _rules(session: Session, arguments: Arguments) -> list[Json]:
    verbs = list(dict.fromkeys(arguments.list("verb")))
    urls = list(arguments.values.get("non-resource-url") or ())
    _check_verbs(session, verbs)
    if any(not url.startswith("/") for url in urls if url != "*"):
        raise CliError("nonResourceURL should start with /")
    resources = arguments.list("resource")
    if not resources and not urls:
        raise CliError("at least one resource must be specified")
    groups: dict[str, list[str]] = {}
    for word in resources:
        name, _, subresource = word.partition("/")
        group, plural = _resource(session, name)
        groups.setdefault(group, []).append(f"{plural}/{subresource}" if subresource else plural)
    rules: list[Json] = []
    for group, plurals in groups.items():
        rule: Json = {"apiGroups": [group], "resources": plurals, "verbs": verbs}
        if arguments.list("resource-name"):
            rule["resourceNames"] = arguments.list("resource-name")
        rules.append(rule)
    if urls:
        rules.append({"nonResourceURLs": urls, "verbs": verbs})
    return rules


def _check_verbs(session: Session, verbs: list[str]) -> None:
    if not verbs:
        raise CliError("at least one verb must be specified")
    for verb in verbs:
        if verb not in _VERBS:
            session.tell(f"Warning: '{verb}' is not a standard resource verb")


def _resource(session: Session, name: str) -> tuple[str, str]:
    if name == "*":
        return "", "*"
    try:
        kind = session.resources.find(name)
    except CliError as error:
        raise PlainError(error.message) from None
    return kind.group, kind.plural


def _role(session: Session, arguments: Arguments, name: str) -> Json:
    made = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": metadata(name)}
    return made | {"rules": _rules(session, arguments)}


def _cluster_role(session: Session, arguments: Arguments, name: str) -> Json:
    made: Json = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": metadata(name)}
    if arguments.list("aggregation-rule"):
        labels = dict(one.partition("=")[::2] for one in arguments.list("aggregation-rule"))
        selectors = [{"matchLabels": labels}]
        return made | {"aggregationRule": {"clusterRoleSelectors": selectors}, "rules": None}
    return made | {"rules": _rules(session, arguments)}


def _binding(kind: str, role_kind: str, role: str, arguments: Arguments, name: str) -> Json:
    subjects: list[Json] = [
        {"apiGroup": RBAC, "kind": word, "name": one}
        for word, flag in (("User", "user"), ("Group", "group"))
        for one in arguments.list(flag)
    ]
    for one in arguments.list("serviceaccount"):
        namespace, colon, account = one.partition(":")
        if not colon or not namespace or not account:
            raise CliError("serviceaccount must be <namespace>:<name>")
        subjects.append({"kind": "ServiceAccount", "name": account, "namespace": namespace})
    made: Json = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata(name)}
    made["roleRef"] = {"apiGroup": RBAC, "kind": role_kind, "name": role}
    return made | ({"subjects": subjects} if subjects else {})


def _role_binding(session: Session, arguments: Arguments, name: str) -> Json:
    role, cluster_role = arguments.text("role"), arguments.text("clusterrole")
    if bool(role) == bool(cluster_role):
        raise CliError("exactly one of clusterrole or role must be specified")
    kind = "Role" if role else "ClusterRole"
    return _binding("RoleBinding", kind, role or cluster_role, arguments, name)


def _cluster_role_binding(session: Session, arguments: Arguments, name: str) -> Json:
    role = arguments.text("clusterrole")
    return _binding("ClusterRoleBinding", "ClusterRole", role, arguments, name)


def _token(session: Session, arguments: Arguments) -> int | None:
    name = one_name(session, arguments, "create token")
    kind = session.resources.find("serviceaccounts")
    spec: Json = {"audiences": arguments.list("audience") or None}
    if arguments.seconds("duration"):
        spec["expirationSeconds"] = int(arguments.seconds("duration"))
    if arguments.text("bound-object-kind"):
        spec["boundObjectRef"] = {
            "kind": arguments.text("bound-object-kind"),
            "apiVersion": "v1",
            "name": arguments.text("bound-object-name"),
            "uid": arguments.text("bound-object-uid"),
        }
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {},
        "spec": {key: value for key, value in spec.items() if value},
    }
    try:
        answer = session.client.create(
            kind,
            asked,
            Write(field_manager="kubectl-create"),
            namespace=session.namespace,
            name=name,
            subresource="token",
        )
    except StatusError as error:
        raise CliError(f"failed to create token: {error.message}") from None
    printer = printer_of(arguments)
    session.write(printer(answer) if printer is not None else answer["status"]["token"] + "\n")
    return None


ROLE = generator(
    _role,
    about="Create a role: what may be done in a namespace.",
    usage="role NAME --verb=verb --resource=resource.group/subresource",
    examples="""
# Allow to read pods
knarr create role reader --verb=get,list,watch --resource=pods --dry-run=server
""",
    flags=_RULE_FLAGS,
)
CLUSTER_ROLE = generator(
    _cluster_role,
    about="Create a cluster role: what may be done in the whole cluster.",
    usage="clusterrole NAME --verb=verb --resource=resource.group",
    examples="""
# Allow to read nodes
knarr create clusterrole node-reader --verb=get,list --resource=nodes --dry-run=server
""",
    flags=(
        *_RULE_FLAGS,
        words("non-resource-url", help="A partial url that user should have access to"),
        words("aggregation-rule", help="A label selector for aggregating other cluster roles"),
    ),
)
_SUBJECT_FLAGS = (
    array("user", help="Usernames to bind to the role"),
    array("group", help="Groups to bind to the role"),
    array("serviceaccount", help="Service accounts to bind, in the format <namespace>:<name>"),
)
ROLE_BINDING = generator(
    _role_binding,
    about="Create a role binding: who may do in a namespace what a role allows.",
    usage="rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username]",
    examples="""
# Let alice view the namespace
knarr create rolebinding alice --clusterrole=view --user=alice --dry-run=server
""",
    flags=(
        text("role", help="Role this RoleBinding should reference"),
        text("clusterrole", help="ClusterRole this RoleBinding should reference"),
        *_SUBJECT_FLAGS,
    ),
    failure="rolebinding",
)
CLUSTER_ROLE_BINDING = generator(
    _cluster_role_binding,
    about="Create a cluster role binding: who may do everywhere what a role allows.",
    usage="clusterrolebinding NAME --clusterrole=NAME [--user=username]",
    examples="""
# Let a group view the whole cluster
knarr create clusterrolebinding viewers --clusterrole=view --group=viewers --dry-run=server
""",
    flags=(text("clusterrole", help="ClusterRole this binding should reference"), *_SUBJECT_FLAGS),
    required=("clusterrole",),
    failure="clusterrolebinding",
)
TOKEN = Command(
    about="Ask for a token of a service account.",
    usage="create token SERVICE_ACCOUNT_NAME",
    examples="""
# Ask for a token of the default service account
knarr create token default

# Ask for one that holds ten minutes
knarr create token default --duration=10m
""",
    flags=(
        *PRINT_FLAGS,
        text("template", help="Template"),
        array("audience", help="Audience of the requested token"),
        duration("duration", help="Requested lifetime of the issued token"),
        text("bound-object-kind", help="Kind of an object to bind the token to"),
        text("bound-object-name", help="Name of an object to bind the token to"),
        text("bound-object-uid", help="UID of an object to bind the token to"),
    ),
    run=_token,
)
