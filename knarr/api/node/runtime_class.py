"""The types of runtime class in node."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.scheduling import Toleration
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct, Atomic


class Overhead(ApiStruct):
    """Resources a runtime itself needs."""

    pod_fixed: Mapping[str, Quantity] = {}
    """How much for each pod."""


class Scheduling(ApiStruct):
    """Where pods of a runtime class can run."""

    node_selector: Annotated[Mapping[str, str], Atomic()] = {}
    """Labels their nodes must have."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints they put up with."""


class RuntimeClass(ApiStruct):
    """A way of running pods."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    handler: str
    """Name of the runtime's handler."""
    overhead: Overhead | None = None
    """Resources it needs itself."""
    scheduling: Scheduling | None = None
    """Where its pods can run."""
