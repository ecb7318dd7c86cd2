"""Rules for environment variables and where they come from."""

from collections.abc import Iterator

from apiserver.strategies.pod_spec import downward
from knarr.api import names
from knarr.api.core.env import EnvFromSource, EnvVar, EnvVarSource
from knarr.api.core.references import FileKeySelector
from knarr.api.field_errors import FieldError, broken_names, invalid, required


def validate_env(variables: tuple[EnvVar, ...], path: str) -> Iterator[FieldError]:
    """Variables given one by one."""
    for i, variable in enumerate(variables):
        if not variable.name:
            yield required(f"{path}[{i}].name")
        else:
            broken = names.env_name(variable.name)
            yield from broken_names(f"{path}[{i}].name", variable.name, broken)
        if variable.value_from is not None:
            source = variable.value_from
            yield from _validate_value_from(source, variable.value, f"{path}[{i}].valueFrom")


def _validate_value_from(source: EnvVarSource, value: str, path: str) -> Iterator[FieldError]:
    given = sum(
        one is not None
        for one in (
            source.field_ref,
            source.resource_field_ref,
            source.config_map_key_ref,
            source.secret_key_ref,
            source.file_key_ref,
        )
    )
    yield from _validate_downward(source, path)
    if config := source.config_map_key_ref:
        yield from _validate_key(config.name, config.key, f"{path}.configMapKeyRef")
    if secret := source.secret_key_ref:
        yield from _validate_key(secret.name, secret.key, f"{path}.secretKeyRef")
    if source.file_key_ref is not None:
        yield from _validate_file_key(source.file_key_ref, f"{path}.fileKeyRef")
    if not given:
        detail = (
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, "
            "`secretKeyRef` or `fileKeyRef`"
        )
        yield invalid(path, "", detail)
    elif value:
        yield invalid(path, "", "may not be specified when `value` is not empty")
    elif given > 1:
        yield invalid(path, "", "may not have more than one field specified at a time")


def _validate_downward(source: EnvVarSource, path: str) -> Iterator[FieldError]:
    if source.field_ref is not None:
        yield from downward.validate_field(
            source.field_ref, downward.ENV_FIELDS, f"{path}.fieldRef"
        )
    if source.resource_field_ref is not None:
        yield from downward.validate_resource(
            source.resource_field_ref, f"{path}.resourceFieldRef", in_volume=False
        )


def _validate_key(name: str, key: str, path: str) -> Iterator[FieldError]:
    if not name:
        yield required(f"{path}.name")
    if not key:
        yield required(f"{path}.key")
    else:
        yield from broken_names(f"{path}.key", key, names.config_key(key))


def _validate_file_key(selector: FileKeySelector, path: str) -> Iterator[FieldError]:
    if not selector.key:
        yield required(f"{path}.key")
    if not selector.volume_name:
        yield required(f"{path}.volumeName")
    if not selector.path:
        yield required(f"{path}.path")


def validate_env_from(sources: tuple[EnvFromSource, ...], path: str) -> Iterator[FieldError]:
    """Variables taken from whole ConfigMaps and Secrets."""
    for i, source in enumerate(sources):
        if source.prefix:
            yield from broken_names(
                f"{path}[{i}].prefix", source.prefix, names.env_name(source.prefix)
            )
        if source.config_map_ref is not None and not source.config_map_ref.name:
            yield required(f"{path}[{i}].configMapRef.name")
        if source.secret_ref is not None and not source.secret_ref.name:
            yield required(f"{path}[{i}].secretRef.name")
        given = (source.config_map_ref is not None) + (source.secret_ref is not None)
        if not given:
            yield invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
        elif given > 1:
            yield invalid(path, "", "may not have more than one field specified at a time")
