"""The types of cluster role in rbac."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.rbac.rules import AggregationRule, PolicyRule
from knarr.api.structs import ApiStruct


class ClusterRole(ApiStruct):
    """Rights in the whole cluster."""

    always: ClassVar[Mapping[str, str]] = {"rules": "null"}
    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    aggregation_rule: AggregationRule | None = None
    """Roles whose rules this one takes over."""
    rules: tuple[PolicyRule, ...] = ()
    """The rights."""
