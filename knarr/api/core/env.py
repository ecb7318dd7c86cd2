"""The types of env in core/v1."""

from typing import ClassVar

from knarr.api.core.references import ConfigMapKeySelector, FileKeySelector, SecretKeySelector
from knarr.api.scalars import Quantity
from knarr.api.structs import ApiStruct


class ConfigMapEnvSource(ApiStruct):
    """A ConfigMap all of whose keys become variables."""

    name: str = ""
    """Name of the ConfigMap."""
    optional: bool | None = None
    """Whether it may be absent."""


class SecretEnvSource(ApiStruct):
    """A Secret all of whose keys become variables."""

    name: str = ""
    """Name of the Secret."""
    optional: bool | None = None
    """Whether it may be absent."""


class EnvFromSource(ApiStruct):
    """Where many variables come from at once."""

    config_map_ref: ConfigMapEnvSource | None = None
    """ConfigMap to take."""
    prefix: str = ""
    """Put in front of every key."""
    secret_ref: SecretEnvSource | None = None
    """Secret to take."""


class ObjectFieldSelector(ApiStruct):
    """A field of the pod itself."""

    map_type: ClassVar[str] = "atomic"
    api_version: str = ""
    """Version of the pod's form; v1 when empty."""
    field_path: str
    """Path of the field, such as metadata.name or status.podIP."""


class ResourceFieldSelector(ApiStruct):
    """A resource of a container."""

    map_type: ClassVar[str] = "atomic"
    container_name: str = ""
    """Container that is meant; the one itself when empty."""
    divisor: Quantity | None = None
    """Unit in which the amount is given; 1 when absent."""
    resource: str
    """What is meant, such as limits.cpu or requests.memory."""


class EnvVarSource(ApiStruct):
    """Where the value of a variable comes from; exactly one is set."""

    config_map_key_ref: ConfigMapKeySelector | None = None
    """Key of a ConfigMap."""
    field_ref: ObjectFieldSelector | None = None
    """Field of the pod."""
    file_key_ref: FileKeySelector | None = None
    """Key in a file of a volume."""
    resource_field_ref: ResourceFieldSelector | None = None
    """Resource of a container."""
    secret_key_ref: SecretKeySelector | None = None
    """Key of a Secret."""


class EnvVar(ApiStruct):
    """One environment variable."""

    name: str
    """Name of the variable."""
    value: str = ""
    """Its value; `$(NAME)` stands for an earlier variable, `$$` for a dollar sign."""
    value_from: EnvVarSource | None = None
    """Where the value comes from instead."""
