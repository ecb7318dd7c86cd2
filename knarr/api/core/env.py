"""TODO."""

from typing import ClassVar

from knarr.api.core.references import ConfigMapKeySelector, FileKeySelector, SecretKeySelector
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class ConfigMapEnvSource(ApiStruct):
    """TODO."""

    name: str = ""
    """TODO."""
    optional: bool | None = None
    """TODO."""


class SecretEnvSource(ApiStruct):
    """TODO."""

    name: str = ""
    """TODO."""
    optional: bool | None = None
    """TODO."""


class EnvFromSource(ApiStruct):
    """TODO."""

    config_map_ref: ConfigMapEnvSource | None = None
    """TODO."""
    prefix: str = ""
    """TODO."""
    secret_ref: SecretEnvSource | None = None
    """TODO."""


class ObjectFieldSelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """TODO."""
    field_path: str
    """TODO."""


class ResourceFieldSelector(ApiStruct):
    """TODO."""

    map_type: ClassVar[str] = "atomic"
    container_name: str = ""
    """TODO."""
    divisor: Quantity | None = None
    """TODO."""
    resource: str
    """TODO."""


class EnvVarSource(ApiStruct):
    """TODO."""

    config_map_key_ref: ConfigMapKeySelector | None = None
    """TODO."""
    field_ref: ObjectFieldSelector | None = None
    """TODO."""
    file_key_ref: FileKeySelector | None = None
    """TODO."""
    resource_field_ref: ResourceFieldSelector | None = None
    """TODO."""
    secret_key_ref: SecretKeySelector | None = None
    """TODO."""


class EnvVar(ApiStruct):
    """TODO."""

    name: str
    """TODO."""
    value: str = ""
    """TODO."""
    value_from: EnvVarSource | None = None
    """TODO."""
