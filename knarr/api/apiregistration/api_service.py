"""The types of api service in apiregistration."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ServiceReference(ApiStruct):
    """TODO."""

    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
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
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class APIServiceStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[tuple[APIServiceCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""


class APIService(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: APIServiceSpec = APIServiceSpec(group_priority_minimum=0, version_priority=0)
    """What is wanted."""
    status: APIServiceStatus = APIServiceStatus()
    """What was observed last."""
