"""The types of ingress class in networking."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class IngressClassParametersReference(ApiStruct):
    """Where settings of a class are."""

    api_group: str | None = None
    """Group of the object."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespace: str | None = None
    """Namespace of the object."""
    scope: str | None = None
    """Cluster or Namespace."""


class IngressClassSpec(ApiStruct):
    """Which controller a class means."""

    controller: str = ""
    """Name of the controller."""
    parameters: IngressClassParametersReference | None = None
    """Where its settings are."""


class IngressClass(ApiStruct):
    """A kind of Ingress controllers."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: IngressClassSpec = IngressClassSpec()
    """What is wanted."""
