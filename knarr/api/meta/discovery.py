"""The types of discovery in meta/v1."""

from knarr.api.structs import ApiStruct


class GroupVersionForDiscovery(ApiStruct):
    """TODO."""

    group_version: str
    """TODO."""
    version: str
    """TODO."""


class ServerAddressByClientCIDR(ApiStruct):
    """TODO."""

    client_cidr: str
    """TODO."""
    server_address: str
    """TODO."""


class APIGroup(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    name: str
    """Name of the object."""
    preferred_version: GroupVersionForDiscovery | None = None
    """TODO."""
    server_address_by_client_cidrs: tuple[ServerAddressByClientCIDR, ...] = ()
    """TODO."""
    versions: tuple[GroupVersionForDiscovery, ...]
    """TODO."""


class APIGroupList(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    groups: tuple[APIGroup, ...]
    """TODO."""


class APIResource(ApiStruct):
    """TODO."""

    categories: tuple[str, ...] = ()
    """TODO."""
    group: str = ""
    """TODO."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespaced: bool
    """TODO."""
    short_names: tuple[str, ...] = ()
    """TODO."""
    singular_name: str
    """TODO."""
    storage_version_hash: str = ""
    """TODO."""
    verbs: tuple[str, ...]
    """TODO."""
    version: str = ""
    """TODO."""


class APIResourceList(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    group_version: str
    """TODO."""
    resources: tuple[APIResource, ...]
    """TODO."""


class APIVersions(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    server_address_by_client_cidrs: tuple[ServerAddressByClientCIDR, ...]
    """TODO."""
    versions: tuple[str, ...]
    """TODO."""
