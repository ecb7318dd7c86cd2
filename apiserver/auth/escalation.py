"""Keeps users from granting by roles and bindings what they do not have themselves."""

from collections.abc import Sequence
from typing import Any

from apiserver.admission.admission import Admission, Attributes, View
from apiserver.auth import attributes as auth
from apiserver.auth.gate import MASTERS, Authorization
from apiserver.auth.rbac import Rbac
from apiserver.auth.rules import compact, shown, uncovered
from apiserver.registry.request import User
from knarr.api.errors import ForbiddenError, NotFoundError
from knarr.api.meta.status import StatusDetails
from knarr.api.rbac.rules import PolicyRule

GROUP = "rbac.authorization.k8s.io"


class Escalation(Admission):
    """Checks every role and binding that is written; `escalate` and `bind` are the ways round."""

    interests = frozenset(
        {
            (GROUP, "clusterroles"),
            (GROUP, "clusterrolebindings"),
            (GROUP, "roles"),
            (GROUP, "rolebindings"),
        }
    )

    def __init__(self, gate: Authorization, rbac: Rbac) -> None:
        self._gate = gate
        self._rbac = rbac

    async def validate(self, attributes: Attributes, view: View) -> None:
        """Raise ForbiddenError when the object grants more than its writer has."""
        if MASTERS in attributes.groups:
            return
        obj, old = attributes.object, attributes.old
        if attributes.kind.plural.endswith("bindings"):
            if old is not None and (old.subjects, old.role_ref) == (obj.subjects, obj.role_ref):
                return
            self._check_binding(attributes, obj)
        elif old is None or old.rules != obj.rules or _aggregation(old) != _aggregation(obj):
            self._check_role(attributes, obj)

    def _check_role(self, attributes: Attributes, obj: Any) -> None:
        if self._may(attributes, "escalate", attributes.kind.plural, attributes.name):
            return
        rules: Sequence[PolicyRule] = obj.rules
        if _aggregation(obj) is not None:
            # What it will gather is not known, so only who has everything may let it gather.
            rules = _ALL
        self._check_owned(attributes, rules)

    def _check_binding(self, attributes: Attributes, obj: Any) -> None:
        ref = obj.role_ref
        plural = "clusterroles" if ref.kind == "ClusterRole" else "roles"
        if self._may(attributes, "bind", plural, ref.name):
            return
        rules = self._rbac.role_rules(attributes.namespace, ref)
        if rules is None:
            kind = attributes.kind
            raise NotFoundError(
                f'{kind.resource} "{ref.name}" not found',
                details=StatusDetails(name=ref.name, group=kind.group, kind=kind.plural),
            )
        self._check_owned(attributes, rules)

    def _check_owned(self, attributes: Attributes, rules: Sequence[PolicyRule]) -> None:
        user = _user(attributes)
        owned = [bound.rule for bound in self._rbac.rules(user, attributes.namespace)]
        missing = compact(uncovered(owned, rules))
        if not missing:
            return
        kind = attributes.kind
        groups = " ".join(f'"{group}"' for group in user.groups)
        listed = "\n".join(sorted(shown(rule) for rule in missing))
        raise ForbiddenError(
            f'{kind.resource} "{attributes.name}" is forbidden: user "{user.name}" '
            f"(groups=[{groups}]) is attempting to grant RBAC permissions not currently held:\n"
            f"{listed}",
            details=StatusDetails(name=attributes.name, group=kind.group, kind=kind.plural),
        )

    def _may(self, attributes: Attributes, verb: str, plural: str, name: str) -> bool:
        asked = auth.Attributes(
            _user(attributes),
            verb,
            group=GROUP,
            version="v1",
            resource=plural,
            namespace=attributes.namespace,
            name=name,
        )
        return self._gate.decide(asked).verdict == "allow"


_ALL = (
    PolicyRule(verbs=("*",), api_groups=("*",), resources=("*",)),
    PolicyRule(verbs=("*",), non_resource_urls=("*",)),
)


def _aggregation(obj: Any) -> Any:
    return getattr(obj, "aggregation_rule", None)


def _user(attributes: Attributes) -> User:
    return User(name=attributes.user, groups=attributes.groups)
