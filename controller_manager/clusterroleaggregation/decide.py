"""The rules of a ClusterRole that gathers others."""

from collections.abc import Iterable

from msgspec.structs import replace

from knarr.api import selectors
from knarr.api.plan import Plan
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.rules import PolicyRule


def decide(role: ClusterRole, others: Iterable[ClusterRole]) -> Plan:
    """Give the role the rules of all whose labels it asks for, in the order of their names."""
    if role.aggregation_rule is None or role.metadata.deletion_timestamp is not None:
        return Plan()
    wanted = [
        selectors.from_object(selector) for selector in role.aggregation_rule.cluster_role_selectors
    ]
    rules: list[PolicyRule] = []
    for other in sorted(others, key=lambda one: one.metadata.name):
        if other.metadata.name == role.metadata.name:
            continue
        if any(selector.matches(other.metadata.labels) for selector in wanted):
            rules += [rule for rule in other.rules if rule not in rules]
    return Plan(update=() if tuple(rules) == role.rules else (replace(role, rules=tuple(rules)),))
