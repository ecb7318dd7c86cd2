"""TODO."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ServiceReference(ApiStruct):
    """TODO."""

    name: str = ""
    """TODO."""
    namespace: str = ""
    """TODO."""
    port: Int32 | None = None
    """TODO."""


class APIServiceSpec(ApiStruct):
    """TODO."""

    ca_bundle: Base64 = ""
    """TODO."""
    group: str = ""
    """TODO."""
    group_priority_minimum: Int32
    """TODO."""
    insecure_skip_tls_verify: bool = False
    """TODO."""
    service: ServiceReference | None = None
    """TODO."""
    version: str = ""
    """TODO."""
    version_priority: Int32
    """TODO."""


class APIServiceCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str
    """TODO."""
    status: str
    """TODO."""


class APIServiceStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[APIServiceCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """TODO."""


class APIService(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: APIServiceSpec = APIServiceSpec(group_priority_minimum=0, version_priority=0)
    """TODO."""
    status: APIServiceStatus = APIServiceStatus()
    """TODO."""
