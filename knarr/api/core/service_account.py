"""The types of service account in core/v1."""

from typing import Annotated

from knarr.api.core.references import LocalObjectReference, ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct, ListMap, PatchMerge


class ServiceAccount(ApiStruct):
    """The name under which pods speak to the API."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    automount_service_account_token: bool | None = None
    """Whether pods find its token in a file, unless they say otherwise."""
    image_pull_secrets: tuple[LocalObjectReference, ...] = ()
    """Pull secrets that its pods get."""
    secrets: Annotated[tuple[ObjectReference, ...], ListMap("name"), PatchMerge("name")] = ()
    """Secrets that belong to it."""
