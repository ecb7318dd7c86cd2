"""Rules of roles, within a namespace and of the whole cluster."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.label_rules import validate_label_selector
from apiserver.strategies.rbac.rules import policy_rule
from apiserver.strategies.strategy import Strategy
from knarr.api.field_errors import FieldError, invalid, required
from knarr.api.printing.cells import plain_row
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.role import Role


class RoleRules(Strategy[Role]):
    """What holds for a Role."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def validate(self, obj: Role) -> Iterable[FieldError]:
        """Each rule allows something within a namespace."""
        for i, rule in enumerate(obj.rules):
            yield from policy_rule(rule, f"rules[{i}]", namespaced=True)

    def row(self, obj: Role, now: datetime) -> Sequence[Any]:
        """Name and moment of creation."""
        return plain_row(obj.metadata)


class ClusterRoleRules(Strategy[ClusterRole]):
    """What holds for a ClusterRole."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def validate(self, obj: ClusterRole) -> Iterable[FieldError]:
        """Each rule allows something; roles to gather are named by selectors."""
        for i, rule in enumerate(obj.rules):
            yield from policy_rule(rule, f"rules[{i}]", namespaced=False)
        if obj.aggregation_rule is not None:
            yield from _aggregation(obj, "aggregationRule.clusterRoleSelectors")

    def row(self, obj: ClusterRole, now: datetime) -> Sequence[Any]:
        """Name and moment of creation."""
        return plain_row(obj.metadata)


def _aggregation(role: ClusterRole, path: str) -> Iterator[FieldError]:
    gathered = role.aggregation_rule.cluster_role_selectors if role.aggregation_rule else ()
    if not gathered:
        yield required(
            path, "at least one clusterRoleSelector required if aggregationRule is non-nil"
        )
    for i, selector in enumerate(gathered):
        broken = list(validate_label_selector(selector, f"{path}[{i}]"))
        yield from broken
        if broken:
            yield invalid(f"{path}[{i}]", None, "invalid label selector.")
