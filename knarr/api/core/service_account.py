"""TODO."""

from typing import Annotated

from knarr.api.core.references import LocalObjectReference, ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ServiceAccount(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    automount_service_account_token: bool | None = None
    """TODO."""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    """TODO."""
    secrets: Annotated[tuple[ObjectReference, ...], ListMap("name"), PatchMerge("name")] = ()
    """TODO."""
