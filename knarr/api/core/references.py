"""TODO."""

from typing import ClassVar

from knarr.api.structs import ApiStruct, written


class ConfigMapKeySelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    key: str
    """TODO."""
    name: str = ""
    """TODO."""
    optional: bool | None = None
    """TODO."""


class FileKeySelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    key: str
    """TODO."""
    optional: bool | None = None
    """TODO."""
    path: str
    """TODO."""
    volume_name: str
    """TODO."""


class LocalObjectReference(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """TODO."""


class ObjectReference(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """TODO."""
    field_path: str = ""
    """TODO."""
    kind: str = ""
    """TODO."""
    name: str = ""
    """TODO."""
    namespace: str = ""
    """TODO."""
    resource_version: str = ""
    """TODO."""
    uid: str = ""
    """TODO."""


class SecretKeySelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    key: str
    """TODO."""
    name: str = ""
    """TODO."""
    optional: bool | None = None
    """TODO."""


class SecretReference(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    name: str = ""
    """TODO."""
    namespace: str = ""
    """TODO."""


class TypedLocalObjectReference(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_group: str | None = written(default=None)
    """TODO."""
    kind: str
    """TODO."""
    name: str
    """TODO."""


class TypedObjectReference(ApiStruct):
    """TODO."""

    api_group: str | None = written(default=None)
    """TODO."""
    kind: str
    """TODO."""
    name: str
    """TODO."""
    namespace: str | None = None
    """TODO."""
