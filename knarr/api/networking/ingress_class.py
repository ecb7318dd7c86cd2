"""The types of ingress class in networking."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class IngressClassParametersReference(ApiStruct):
    """TODO."""

    api_group: str | None = None
    """Group of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespace: str | None = None
    """Namespace of the object."""
    scope: str | None = None
    """TODO."""


class IngressClassSpec(ApiStruct):
    """TODO."""

    controller: str = ""
    """TODO."""
    parameters: IngressClassParametersReference | None = None
    """TODO."""


class IngressClass(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: IngressClassSpec = IngressClassSpec()
    """What is wanted."""
