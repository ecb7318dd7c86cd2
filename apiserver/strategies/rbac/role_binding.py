"""Rules of bindings, within a namespace and of the whole cluster."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.rbac.rules import default_role_ref, default_subject, role_ref, subject
from apiserver.strategies.strategy import Strategy
from knarr.api.field_errors import FieldError, Told, invalid
from knarr.api.printing.rbac import role_binding_row
from knarr.api.rbac.cluster_role_binding import ClusterRoleBinding
from knarr.api.rbac.role_binding import RoleBinding
from knarr.api.rbac.rules import RoleRef

FIXED = "cannot change roleRef"


def _role_ref_stays(new: RoleRef, old: RoleRef) -> Iterable[FieldError]:
    if new != old:
        yield invalid("roleRef", Told(APIGroup=new.api_group, Kind=new.kind, Name=new.name), FIXED)


class RoleBindingRules(Strategy[RoleBinding]):
    """What holds for a RoleBinding."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def default(self, obj: RoleBinding) -> RoleBinding:
        """Fill in groups."""
        return replace(
            obj,
            role_ref=default_role_ref(obj.role_ref),
            subjects=tuple(map(default_subject, obj.subjects)),
        )

    def validate(self, obj: RoleBinding) -> Iterable[FieldError]:
        """It gives a role of either kind to subjects it names."""
        yield from role_ref(obj.role_ref, "roleRef", kinds=("Role", "ClusterRole"))
        for i, each in enumerate(obj.subjects):
            yield from subject(each, f"subjects[{i}]", namespaced=True)

    def validate_update(self, obj: RoleBinding, old: RoleBinding) -> Iterable[FieldError]:
        """The role it gives stays."""
        return _role_ref_stays(obj.role_ref, old.role_ref)

    def row(self, obj: RoleBinding, now: datetime) -> Sequence[Any]:
        """Name, role, age and whom it names."""
        return role_binding_row(obj.metadata, obj.role_ref, obj.subjects, now)


class ClusterRoleBindingRules(Strategy[ClusterRoleBinding]):
    """What holds for a ClusterRoleBinding."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def default(self, obj: ClusterRoleBinding) -> ClusterRoleBinding:
        """Fill in groups."""
        return replace(
            obj,
            role_ref=default_role_ref(obj.role_ref),
            subjects=tuple(map(default_subject, obj.subjects)),
        )

    def validate(self, obj: ClusterRoleBinding) -> Iterable[FieldError]:
        """It gives a ClusterRole to subjects it names."""
        yield from role_ref(obj.role_ref, "roleRef", kinds=("ClusterRole",))
        for i, each in enumerate(obj.subjects):
            yield from subject(each, f"subjects[{i}]", namespaced=False)

    def validate_update(
        self, obj: ClusterRoleBinding, old: ClusterRoleBinding
    ) -> Iterable[FieldError]:
        """The role it gives stays."""
        return _role_ref_stays(obj.role_ref, old.role_ref)

    def row(self, obj: ClusterRoleBinding, now: datetime) -> Sequence[Any]:
        """Name, role, age and whom it names."""
        return role_binding_row(obj.metadata, obj.role_ref, obj.subjects, now)
