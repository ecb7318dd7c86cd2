"""TODO."""

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct


class IngressClassParametersReference(ApiStruct):
    """TODO."""

    api_group: str | None = None
    """TODO."""
    kind: str
    """TODO."""
    name: str
    """TODO."""
    namespace: str | None = None
    """TODO."""
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
    """TODO."""
    spec: IngressClassSpec = IngressClassSpec()
    """TODO."""
