"""The types of api service in apiregistration."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Base64, Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ServiceReference(ApiStruct):
    """A Service that is asked."""

    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    port: Int32 | None = None
    """Port of the Service; 443 when absent."""


class APIServiceSpec(ApiStruct):
    """Which server answers for a group and version."""

    ca_bundle: Base64 = ""
    """Authorities its certificate is checked against, in base64."""
    group: str = ""
    """The group."""
    group_priority_minimum: Int32
    """The larger, the further in front the group stands."""
    insecure_skip_tls_verify: bool = False
    """Whether the server's certificate is not checked."""
    service: ServiceReference | None = None
    """Service that answers; the API server itself when absent."""
    version: str = ""
    """The version."""
    version_priority: Int32
    """The larger, the further in front the version stands in its group."""


class APIServiceCondition(ApiStruct):
    """How a group and version is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """Available."""
    status: str
    """What was observed last."""


class APIServiceStatus(ApiStruct):
    """How a group and version is."""

    conditions: Annotated[tuple[APIServiceCondition, ...], ListMap("type"), PatchMerge("type")] = ()
    """What holds and what does not, one entry a type."""


class APIService(ApiStruct):
    """Says which server answers for a group and version."""

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
