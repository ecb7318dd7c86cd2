"""Table lines of rbac."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.printing.cells import age
from knarr.api.rbac.rules import RoleRef, Subject


def role_binding_row(
    meta: ObjectMeta, role: RoleRef, subjects: Sequence[Subject], now: datetime
) -> Sequence[Any]:
    """Name, role, age, users, groups, service accounts."""
    accounts = [
        f"{each.namespace}/{each.name}" for each in subjects if each.kind == "ServiceAccount"
    ]
    return [
        meta.name,
        f"{role.kind}/{role.name}",
        age(meta, now),
        ", ".join(each.name for each in subjects if each.kind == "User"),
        ", ".join(each.name for each in subjects if each.kind == "Group"),
        ", ".join(accounts),
    ]
