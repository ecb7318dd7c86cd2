"""The types of runtime class in node."""

from collections.abc import Mapping
from typing import Annotated

from knarr.api.core.scheduling import Toleration
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct, Atomic


class Overhead(ApiStruct):
    """TODO."""

    pod_fixed: Mapping[str, Quantity] = {}
    """TODO."""


class Scheduling(ApiStruct):
    """TODO."""

    node_selector: Annotated[Mapping[str, str], Atomic()] = {}
    """TODO."""
    tolerations: tuple[Toleration, ...] = ()
    """TODO."""


class RuntimeClass(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    handler: str
    """TODO."""
    overhead: Overhead | None = None
    """TODO."""
    scheduling: Scheduling | None = None
    """TODO."""
