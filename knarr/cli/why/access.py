"""Why somebody may not do something: which roles would allow it, and what is missing."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from knarr.cli.why.facts import Facts
from knarr.cli.why.finding import Finding

Json = dict[str, Any]

ROLES_SHOWN = 3
"""Of many roles that would do so many are named."""

_PREFERRED = ("view", "edit", "admin")


class Asked(Struct, frozen=True):
    """What somebody wants to do, and who that is."""

    verb: str
    group: str
    plural: str
    namespace: str
    name: str
    user: str
    groups: tuple[str, ...]

    @property
    def action(self) -> str:
        """What they want, in words."""
        name = f" {self.name}" if self.name else ""
        place = f" in namespace {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.plural}{name}{place}"

    @property
    def account(self) -> tuple[str, str] | None:
        """Namespace and name, where it is a service account."""
        parts = self.user.split(":")
        is_account = len(parts) == 4 and parts[:2] == ["system", "serviceaccount"]
        return (parts[2], parts[3]) if is_account else None


def denied(asked: Asked, facts: Facts) -> Iterator[Finding]:
    """What keeps them from it."""
    yield from _broken(asked, facts)
    allowing = [
        one
        for one in [*facts.list("clusterroles"), *_roles_here(asked, facts)]
        if _is_for_people(one) and any(_allows(rule, asked) for rule in one.get("rules") or [])
    ]
    words = ", ".join(_label(one) for one in sorted(allowing, key=_rank)[:ROLES_SHOWN])
    yield Finding(
        f"no binding gives {asked.user} a role that allows to {asked.action}",
        _cure(asked, sorted(allowing, key=_rank)),
    )
    if words:
        yield Finding(f"roles that allow it: {words}", "see one: knarr describe clusterrole NAME")


def _roles_here(asked: Asked, facts: Facts) -> list[Json]:
    return list(facts.list("roles", asked.namespace)) if asked.namespace else []


def _is_for_people(role: Json) -> bool:
    """Whether a role is one to be given away: neither the cluster's own nor everything."""
    name = role["metadata"]["name"]
    return not name.startswith("system:") and name != "cluster-admin"


def _broken(asked: Asked, facts: Facts) -> Iterator[Finding]:
    """Bindings of theirs whose role is not there."""
    bindings = [*facts.list("clusterrolebindings")]
    if asked.namespace:
        bindings += facts.list("rolebindings", asked.namespace)
    for one in bindings:
        if not any(_is_meant(subject, asked) for subject in one.get("subjects") or []):
            continue
        role, space = one["roleRef"], one["metadata"].get("namespace", "")
        word = "roles" if role["kind"] == "Role" else "clusterroles"
        if facts.get(word, space if word == "roles" else "", role["name"]) is None:
            yield Finding(
                f"{one['kind'].lower()}/{one['metadata']['name']} gives {asked.user} the "
                f"{role['kind']} {role['name']}, which does not exist",
                "create the role, or bind one that is there",
            )


def _is_meant(subject: Json, asked: Asked) -> bool:
    match subject.get("kind"):
        case "User":
            return bool(subject["name"] == asked.user)
        case "Group":
            return subject["name"] in asked.groups
    return (subject.get("namespace"), subject.get("name")) == asked.account


def _allows(rule: Json, asked: Asked) -> bool:
    names = rule.get("resourceNames") or []
    return (
        _has(rule.get("verbs"), asked.verb)
        and _has(rule.get("apiGroups"), asked.group)
        and _has(rule.get("resources"), asked.plural)
        and (not names or asked.name in names)
    )


def _has(listed: Any, word: str) -> bool:
    return word in (listed or []) or "*" in (listed or [])


def _rank(role: Json) -> tuple[int, int]:
    name = role["metadata"]["name"]
    place = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
    return (place, len(role["rules"]))


def _label(role: Json) -> str:
    return f"{role['kind'].lower()}/{role['metadata']['name']}"


def _cure(asked: Asked, roles: list[Json]) -> str:
    if not roles:
        group = f".{asked.group}" if asked.group else ""
        return (
            f"make a role: knarr create role NAME --verb={asked.verb} "
            f"--resource={asked.plural}{group}, and bind it"
        )
    flag = "role" if roles[0]["kind"] == "Role" else "clusterrole"
    subject = f"--user={asked.user}"
    if asked.account is not None:
        subject = f"--serviceaccount={asked.account[0]}:{asked.account[1]}"
    kind = "rolebinding" if asked.namespace else "clusterrolebinding"
    place = f" -n {asked.namespace}" if asked.namespace else ""
    role = roles[0]["metadata"]["name"]
    return f"knarr create {kind} NAME --{flag}={role} {subject}{place}"
