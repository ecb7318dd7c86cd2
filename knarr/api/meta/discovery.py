"""The types of discovery in meta/v1."""

from knarr.api.structs import ApiStruct


class GroupVersionForDiscovery(ApiStruct):
    """A version of a group."""

    group_version: str
    """Group and version, such as apps/v1."""
    version: str
    """The version alone."""


class ServerAddressByClientCIDR(ApiStruct):
    """Where clients of a range find the server."""

    client_cidr: str
    """The range."""
    server_address: str
    """Host and port."""


class APIGroup(ApiStruct):
    """A group of the API."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    name: str
    """Name of the object."""
    preferred_version: GroupVersionForDiscovery | None = None
    """Version that clients should use."""
    server_address_by_client_cidrs: tuple[ServerAddressByClientCIDR, ...] = ()
    """Where clients find the server."""
    versions: tuple[GroupVersionForDiscovery, ...]
    """Its versions, the preferred one first."""


class APIGroupList(ApiStruct):
    """The groups of the API."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    groups: tuple[APIGroup, ...]
    """The groups."""


class APIResource(ApiStruct):
    """A resource of the API."""

    categories: tuple[str, ...] = ()
    """Groups of resources it is listed with, such as all."""
    group: str = ""
    """Group of its kind, if another than the list's."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespaced: bool
    """Whether its objects live in namespaces."""
    short_names: tuple[str, ...] = ()
    """Short names for the command line."""
    singular_name: str
    """Name for one."""
    storage_version_hash: str = ""
    """Changes when objects are stored in another version."""
    verbs: tuple[str, ...]
    """What can be done with it."""
    version: str = ""
    """Version of its kind, if another than the list's."""


class APIResourceList(ApiStruct):
    """The resources of a group and version."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    group_version: str
    """Group and version, such as apps/v1."""
    resources: tuple[APIResource, ...]
    """The resources."""


class APIVersions(ApiStruct):
    """The versions of the core group."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    server_address_by_client_cidrs: tuple[ServerAddressByClientCIDR, ...]
    """Where clients find the server."""
    versions: tuple[str, ...]
    """The versions."""
