"""The roles and bindings that every cluster begins with, read from bootstrap_policy.txt."""

from collections.abc import Iterable, Iterator
from importlib.resources import files

from msgspec import Struct, field
from msgspec.structs import replace

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.cluster_role_binding import ClusterRoleBinding
from knarr.api.rbac.role import Role
from knarr.api.rbac.role_binding import RoleBinding
from knarr.api.rbac.rules import AggregationRule, PolicyRule, RoleRef, Subject
from knarr.api.structs import ApiStruct

RBAC = "rbac.authorization.k8s.io"
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}

_VERBS = {
    "ro": ("get", "list", "watch"),
    "rw": ("create", "delete", "deletecollection", "patch", "update"),
}
_EVENTS = "create,patch,update | core,events.k8s.io | events"


class _Entry(Struct):
    name: str
    namespace: str = ""
    binding: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    gathers: str = ""
    subjects: list[Subject] = field(default_factory=list)
    rules: list[PolicyRule] = field(default_factory=list)


def bootstrap_objects() -> list[ApiStruct]:
    """The objects to make at the start, those first that others point to."""
    entries = list(_entries())
    roles = [_role(entry) for entry in entries]
    cluster_roles = {role.metadata.name: role for role in roles if isinstance(role, ClusterRole)}
    gathered = {name: gather(role, cluster_roles.values()) for name, role in cluster_roles.items()}
    found: list[ApiStruct] = [
        gathered[role.metadata.name] if isinstance(role, ClusterRole) else role for role in roles
    ]
    # `admin` gathers `edit`, which gathers `view`.
    for name in ("edit", "admin"):
        gathered[name] = gather(gathered[name], gathered.values())
    found = [
        gathered[role.metadata.name] if isinstance(role, ClusterRole) else role for role in found
    ]
    return [*found, *(_binding(entry) for entry in entries if entry.binding)]


def gather(role: ClusterRole, roles: Iterable[ClusterRole]) -> ClusterRole:
    """The role with the rules of those it aggregates."""
    if role.aggregation_rule is None:
        return role
    rules: list[PolicyRule] = []
    selectors = [s.match_labels.items() for s in role.aggregation_rule.cluster_role_selectors]
    for other in sorted(roles, key=lambda one: one.metadata.name):
        labels = other.metadata.labels.items()
        if other.metadata.name != role.metadata.name and any(s <= labels for s in selectors):
            rules += [rule for rule in other.rules if rule not in rules]
    return replace(role, rules=tuple(rules))


def _entries() -> Iterator[_Entry]:
    text = (files(__package__) / "bootstrap_policy.txt").read_text()
    entry: _Entry | None = None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            assert entry is not None, "a rule stands below its role"
            entry.rules.append(_rule(_EVENTS if line.strip() == "EVENTS" else line))
            continue
        if entry is not None:
            yield entry
        entry = _head(line)
    if entry is not None:
        yield entry


def _head(line: str) -> _Entry:
    name, *words = line.split()
    if name == "controller":
        account = words[0]
        name = f"system:controller:{account}"
        words = ["to", f"ServiceAccount:kube-system/{account}"]
    namespace, _, rest = name.rpartition("/")
    entry = _Entry(rest, namespace, labels=dict(LABELS))
    for word in words:
        key, is_pair, value = word.partition("=")
        if key == "aggregate" and is_pair:
            entry.labels[AGGREGATE + value] = "true"
        elif key == "gathers" and is_pair:
            entry.gathers = value
        elif key == "to":
            entry.binding = value or rest
        elif word == "unlabelled":
            entry.labels.clear()
        elif word != "nobody":
            entry.subjects.append(_subject(word))
    return entry


def _subject(word: str) -> Subject:
    kind, _, name = word.partition(":")
    if kind == "ServiceAccount":
        namespace, _, name = name.partition("/")
        return Subject(kind=kind, name=name, namespace=namespace)
    return Subject(kind=kind, name=name, api_group=RBAC)


def _rule(line: str) -> PolicyRule:
    verb_words, groups, things, *names = (part.strip() for part in line.split("|"))
    verbs = sorted({verb for word in verb_words.split(",") for verb in _VERBS.get(word, (word,))})
    if groups == "/":
        return PolicyRule(verbs=tuple(verbs), non_resource_urls=tuple(sorted(things.split(","))))
    return PolicyRule(
        verbs=tuple(verbs),
        api_groups=tuple("" if group == "core" else group for group in groups.split(",")),
        resources=tuple(sorted(things.split(","))),
        resource_names=tuple(sorted(names[0].split(","))) if names else (),
    )


def _role(entry: _Entry) -> ClusterRole | Role:
    metadata = ObjectMeta(
        name=entry.name, namespace=entry.namespace, labels=entry.labels, annotations=ANNOTATIONS
    )
    if entry.namespace:
        return Role(metadata=metadata, rules=tuple(entry.rules))
    aggregation = None
    if entry.gathers:
        selector = LabelSelector(match_labels={AGGREGATE + entry.gathers: "true"})
        aggregation = AggregationRule(cluster_role_selectors=(selector,))
    return ClusterRole(metadata=metadata, rules=tuple(entry.rules), aggregation_rule=aggregation)


def _binding(entry: _Entry) -> ClusterRoleBinding | RoleBinding:
    metadata = ObjectMeta(
        name=entry.binding,
        namespace=entry.namespace,
        labels=LABELS if entry.labels else {},
        annotations=ANNOTATIONS,
    )
    subjects = tuple(entry.subjects)
    kind = "Role" if entry.namespace else "ClusterRole"
    role_ref = RoleRef(api_group=RBAC, kind=kind, name=entry.name)
    if entry.namespace:
        return RoleBinding(metadata=metadata, subjects=subjects, role_ref=role_ref)
    return ClusterRoleBinding(metadata=metadata, subjects=subjects, role_ref=role_ref)
