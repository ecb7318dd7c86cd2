"""Role-based access control over an index of bindings, kept up to date by watches.

A request costs as much as its user has bindings, not as there are in the cluster.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from apiserver.auth.attributes import Attributes, Decision
from apiserver.auth.rules import allows
from apiserver.registry.request import User
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.cluster_role_binding import ClusterRoleBinding
from knarr.api.rbac.role import Role
from knarr.api.rbac.role_binding import RoleBinding
from knarr.api.rbac.rules import PolicyRule, RoleRef, Subject
from knarr.api.structs import ApiStruct

SERVICE_ACCOUNT = "system:serviceaccount:"

RBAC_TYPES = (ClusterRole, ClusterRoleBinding, Role, RoleBinding)
"""What the index is made of."""

Identity = tuple[str, str]
"""`User` or `Group`, and its name."""


class Bound(NamedTuple):
    """A rule that a user has, and why."""

    rule: PolicyRule
    reason: str


class _Binding(NamedTuple):
    namespace: str
    name: str
    role: RoleRef
    subject: Subject


class Rbac:
    """The index and the decisions made over it."""

    def __init__(self) -> None:
        self._roles: dict[tuple[str, str], tuple[PolicyRule, ...]] = {}
        self._bindings: dict[tuple[str, Identity], dict[tuple[str, str, int], _Binding]] = {}
        self._objects: dict[type[ApiStruct], dict[tuple[str, str], Any]] = {}

    def replace(self, object_type: type[ApiStruct], objects: Iterable[Any]) -> None:
        """Take in all the objects of a type, and forget what is not among them."""
        now = {(obj.metadata.namespace, obj.metadata.name): obj for obj in objects}
        of_type = self._objects.setdefault(object_type, {})
        for key in of_type.keys() - now.keys():
            self.remove(of_type[key])
        for obj in now.values():
            self.put(obj)

    def put(self, obj: Any) -> None:
        """Take in a role or binding as it is now."""
        namespace, name = obj.metadata.namespace, obj.metadata.name
        if isinstance(obj, ClusterRole | Role):
            self._objects.setdefault(type(obj), {})[namespace, name] = obj
            self._roles[namespace, name] = obj.rules
            return
        self.remove(obj)
        self._objects.setdefault(type(obj), {})[namespace, name] = obj
        for position, subject in enumerate(obj.subjects):
            index = self._bindings.setdefault((namespace, _identity(subject, namespace)), {})
            index[namespace, name, position] = _Binding(namespace, name, obj.role_ref, subject)

    def remove(self, obj: Any) -> None:
        """Forget a role or binding."""
        namespace, name = obj.metadata.namespace, obj.metadata.name
        known = self._objects.get(type(obj), {}).pop((namespace, name), None)
        if isinstance(obj, ClusterRole | Role):
            self._roles.pop((namespace, name), None)
            return
        if known is None:
            return
        for position, subject in enumerate(known.subjects):
            where = (namespace, _identity(subject, namespace))
            index = self._bindings.get(where, {})
            index.pop((namespace, name, position), None)
            if not index:
                self._bindings.pop(where, None)

    def decide(self, asked: Attributes) -> Decision:
        """Allow what any rule allows; RBAC never denies."""
        missing: list[str] = []
        for bound in self.rules(asked.user, asked.namespace, missing):
            if allows(bound.rule, asked):
                return Decision("allow", f"RBAC: {bound.reason}")
        if not missing:
            return Decision("none")
        told = missing[0] if len(missing) == 1 else f"[{', '.join(missing)}]"
        return Decision("none", f"RBAC: {told}")

    def rules(
        self, user: User, namespace: str, missing: list[str] | None = None
    ) -> Iterator[Bound]:
        """The rules a user has, cluster-wide ones first; `missing` learns of roles not there."""
        identities = [("User", user.name), *(("Group", group) for group in user.groups)]
        for place in ("", namespace) if namespace else ("",):
            for identity in identities:
                for binding in self._bindings.get((place, identity), {}).values():
                    yield from self._of(binding, missing)

    def role_rules(self, namespace: str, ref: RoleRef) -> tuple[PolicyRule, ...] | None:
        """The rules of the role that a binding in this namespace names, None where it is not."""
        return self._roles.get(("" if ref.kind == "ClusterRole" else namespace, ref.name))

    def _of(self, binding: _Binding, missing: list[str] | None) -> Iterator[Bound]:
        rules = self.role_rules(binding.namespace, binding.role)
        if rules is None:
            if missing is not None:
                kind = binding.role.kind.lower()
                name = binding.role.name
                missing.append(f'{kind}.rbac.authorization.k8s.io "{name}" not found')
            return
        reason = _reason(binding)
        for rule in rules:
            yield Bound(rule, reason)


def _identity(subject: Subject, namespace: str) -> Identity:
    if subject.kind == "ServiceAccount":
        return "User", f"{SERVICE_ACCOUNT}{subject.namespace or namespace}:{subject.name}"
    return subject.kind, subject.name


def _reason(binding: _Binding) -> str:
    subject = binding.subject
    who = f"{subject.name}/{subject.namespace}" if subject.namespace else subject.name
    if binding.namespace:
        which = f'RoleBinding "{binding.name}/{binding.namespace}"'
    else:
        which = f'ClusterRoleBinding "{binding.name}"'
    role = f'{binding.role.kind} "{binding.role.name}"'
    return f'allowed by {which} of {role} to {subject.kind} "{who}"'
