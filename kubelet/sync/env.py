"""The environment of a container: its own variables, ConfigMaps, Secrets, Services."""

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping

from msgspec import Struct

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.env import EnvVar
from knarr.api.core.secret import Secret
from knarr.api.core.service import Service
from kubelet.sync.downward import FieldError, PodFacts, field_value, resource_value

_REFERENCE = re.compile(r"\$\$|\$\(([^()]*)\)")


class MissingReferenceError(Exception):
    """What a variable refers to is not there."""


class Sources(Struct, frozen=True):
    """The objects that variables may refer to, by name; absent ones are absent."""

    config_maps: Mapping[str, ConfigMap]
    secrets: Mapping[str, Secret]
    services: Mapping[str, str]
    """Variables that tell of Services: see `service_variables`."""


def environment(
    container: ContainerSpec | EphemeralContainer, facts: PodFacts, sources: Sources
) -> dict[str, str]:
    """The variables in their order, references resolved.

    Raise MissingReferenceError with Kubernetes' words when something that is
    not optional is not there.
    """
    found: dict[str, str] = {}
    for source in container.env_from:
        if source.config_map_ref is not None:
            ref = source.config_map_ref
            config_map = _config_map(sources, ref.name, optional=bool(ref.optional))
            data: Mapping[str, str] = config_map.data if config_map else {}
            found |= {source.prefix + key: data[key] for key in sorted(data)}
        if source.secret_ref is not None:
            secret_ref = source.secret_ref
            secret = _secret(sources, secret_ref.name, optional=bool(secret_ref.optional))
            data = secret.data if secret else {}
            found |= {source.prefix + key: _text(data[key]) for key in sorted(data)}
    for variable in container.env:
        value = _value(variable, container, facts, sources, found)
        if value is not None:
            found[variable.name] = value
    return {**{k: v for k, v in sources.services.items() if k not in found}, **found}


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)`; `$$` is a dollar, an unknown name stays as it is."""

    def replaced(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return variables.get(match[1], match[0])

    return _REFERENCE.sub(replaced, text)


def _value(
    variable: EnvVar,
    container: ContainerSpec | EphemeralContainer,
    facts: PodFacts,
    sources: Sources,
    found: Mapping[str, str],
) -> str | None:
    source = variable.value_from
    if source is None:
        return expand(variable.value, {**sources.services, **found})
    if source.field_ref is not None:
        try:
            return field_value(facts, source.field_ref.field_path)
        except FieldError as error:
            raise MissingReferenceError(str(error)) from None
    if source.resource_field_ref is not None:
        return resource_value(facts, source.resource_field_ref, container)
    if source.config_map_key_ref is not None:
        ref = source.config_map_key_ref
        config_map = _config_map(sources, ref.name, optional=bool(ref.optional))
        data: Mapping[str, str] = config_map.data if config_map else {}
        return _keyed(
            data,
            ref.key,
            "ConfigMap",
            f"{facts.pod.metadata.namespace}/{ref.name}",
            optional=bool(ref.optional),
        )
    if source.secret_key_ref is not None:
        secret_ref = source.secret_key_ref
        secret = _secret(sources, secret_ref.name, optional=bool(secret_ref.optional))
        text = _keyed(
            secret.data if secret else {},
            secret_ref.key,
            "Secret",
            f"{facts.pod.metadata.namespace}/{secret_ref.name}",
            optional=bool(secret_ref.optional),
        )
        return None if text is None else _text(text)
    return ""


def _keyed(
    data: Mapping[str, str], key: str, kind: str, name: str, *, optional: bool
) -> str | None:
    if key in data:
        return data[key]
    if optional:
        return None
    raise MissingReferenceError(f"couldn't find key {key} in {kind} {name}")


def _config_map(sources: Sources, name: str, *, optional: bool) -> ConfigMap | None:
    config_map = sources.config_maps.get(name)
    if config_map is None and not optional:
        raise MissingReferenceError(f'configmap "{name}" not found')
    return config_map


def _secret(sources: Sources, name: str, *, optional: bool) -> Secret | None:
    secret = sources.secrets.get(name)
    if secret is None and not optional:
        raise MissingReferenceError(f'secret "{name}" not found')
    return secret


def _text(encoded: str) -> str:
    return b64decode(encoded).decode(errors="replace")


def service_variables(services: Iterable[Service]) -> dict[str, str]:
    """NAME_SERVICE_HOST and its kin for Services that have an address."""
    found: dict[str, str] = {}
    for service in services:
        address = service.spec.cluster_ip
        if not address or address == "None" or not service.spec.ports:
            continue
        name = service.metadata.name.upper().replace("-", "_")
        first = service.spec.ports[0]
        found[f"{name}_SERVICE_HOST"] = address
        found[f"{name}_SERVICE_PORT"] = str(first.port)
        for port in service.spec.ports:
            if port.name:
                word = port.name.upper().replace("-", "_")
                found[f"{name}_SERVICE_PORT_{word}"] = str(port.port)
        protocol = (first.protocol or "TCP").lower()
        found[f"{name}_PORT"] = f"{protocol}://{address}:{first.port}"
        for port in service.spec.ports:
            protocol = (port.protocol or "TCP").lower()
            prefix = f"{name}_PORT_{port.port}_{protocol.upper()}"
            found[prefix] = f"{protocol}://{address}:{port.port}"
            found[f"{prefix}_PROTO"] = protocol
            found[f"{prefix}_PORT"] = str(port.port)
            found[f"{prefix}_ADDR"] = address
    return found
