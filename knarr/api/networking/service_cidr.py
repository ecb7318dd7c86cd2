"""The types of service cidr in networking."""

from typing import Annotated

from knarr.api.meta.condition import Condition
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ServiceCIDRSpec(ApiStruct):
    """Ranges for addresses of Services."""

    cidrs: tuple[str, ...] = ()
    """The ranges, at most one per family."""


class ServiceCIDRStatus(ApiStruct):
    """How the ranges are."""

    conditions: Annotated[tuple[Condition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""


class ServiceCIDR(ApiStruct):
    """Ranges from which Services get addresses."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: ServiceCIDRSpec = ServiceCIDRSpec()
    """What is wanted."""
    status: ServiceCIDRStatus = ServiceCIDRStatus()
    """What was observed last."""
