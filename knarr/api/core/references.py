"""The types of references in core/v1."""

from typing import ClassVar

from knarr.api.structs import ApiStruct, written


class ConfigMapKeySelector(ApiStruct):
    """A key of a ConfigMap."""

    map_type: ClassVar[str] = "atomic"
    key: str
    """The key."""
    name: str = ""
    """Name of the ConfigMap."""
    optional: bool | None = None
    """Whether it may be absent."""


class FileKeySelector(ApiStruct):
    """A key in a file of variables."""

    map_type: ClassVar[str] = "atomic"
    key: str
    """The key."""
    optional: bool | None = None
    """Whether it may be absent."""
    path: str
    """Path of the file within the volume."""
    volume_name: str
    """Volume the file is in."""


class LocalObjectReference(ApiStruct):
    """An object of the same namespace, by name."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """Name of the object."""


class ObjectReference(ApiStruct):
    """An object, or a part of one."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """Group and version of the object."""
    field_path: str = ""
    """Part that is meant, such as spec.containers{web}."""
    kind: str = ""
    """Kind of the object."""
    name: str = ""
    """Name of the object."""
    namespace: str = ""
    """Namespace of the object."""
    resource_version: str = ""
    """Version of the object that is meant."""
    uid: str = ""
    """Uid of the object."""


class SecretKeySelector(ApiStruct):
    """A key of a Secret."""

    map_type: ClassVar[str] = "atomic"
    key: str
    """The key."""
    name: str = ""
    """Name of the Secret."""
    optional: bool | None = None
    """Whether it may be absent."""


class SecretReference(ApiStruct):
    """A Secret, in whichever namespace."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """Name of the Secret."""
    namespace: str = ""
    """Namespace of the Secret."""


class TypedLocalObjectReference(ApiStruct):
    """An object of the same namespace, by kind and name."""

    map_type: ClassVar[str] = "atomic"
    api_group: str | None = written(default=None)
    """Group of the object; absent for the core group."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""


class TypedObjectReference(ApiStruct):
    """An object by kind and name, also in another namespace."""

    api_group: str | None = written(default=None)
    """Group of the object; absent for the core group."""
    kind: str
    """Kind of the object."""
    name: str
    """Name of the object."""
    namespace: str | None = None
    """Namespace of the object."""
