"""What configMap, secret, downwardAPI and projected volumes hold. Pure."""

from base64 import b64decode
from collections.abc import Iterable, Mapping

from msgspec import Struct

from knarr.api.core.config_map import ConfigMap
from knarr.api.core.secret import Secret
from knarr.api.core.volume import Volume
from knarr.api.core.volume_projection import DownwardAPIVolumeFile, KeyToPath, VolumeProjection
from kubelet.sync.downward import PodFacts, field_value, resource_value

MODE_DEFAULT = 0o644


class MissingVolumeDataError(Exception):
    """What a volume should show is not there."""


class File(Struct, frozen=True):
    """A file of a volume."""

    data: bytes
    mode: int


class VolumeSources(Struct, frozen=True):
    """The objects a pod's volumes refer to; absent ones are absent."""

    config_maps: Mapping[str, ConfigMap]
    secrets: Mapping[str, Secret]
    tokens: Mapping[tuple[str, int], str]
    """Service account tokens, by audience and seconds of life."""


def is_payload(volume: Volume) -> bool:
    """Whether a volume shows objects of the API, which may change."""
    sources = (volume.config_map, volume.secret, volume.downward_api, volume.projected)
    return any(one is not None for one in sources)


def payload(volume: Volume, facts: PodFacts, sources: VolumeSources) -> dict[str, File] | None:
    """The files of a volume by path, None for a volume that is no such thing.

    Raise MissingVolumeDataError when something that is not optional is absent.
    """
    if volume.config_map is not None:
        one = volume.config_map
        mode = _mode(one.default_mode)
        return _config_map(sources, one.name, one.items, mode, optional=bool(one.optional))
    if volume.secret is not None:
        secret = volume.secret
        mode = _mode(secret.default_mode)
        return _secret(
            sources, secret.secret_name, secret.items, mode, optional=bool(secret.optional)
        )
    if volume.downward_api is not None:
        return _downward(facts, volume.downward_api.items, _mode(volume.downward_api.default_mode))
    if volume.projected is not None:
        files: dict[str, File] = {}
        for source in volume.projected.sources:
            files |= _projection(source, facts, sources, _mode(volume.projected.default_mode))
        return files
    return None


def _mode(mode: int | None) -> int:
    return MODE_DEFAULT if mode is None else mode


def _projection(
    source: VolumeProjection, facts: PodFacts, sources: VolumeSources, mode: int
) -> dict[str, File]:
    if source.config_map is not None:
        one = source.config_map
        return _config_map(sources, one.name, one.items, mode, optional=bool(one.optional))
    if source.secret is not None:
        two = source.secret
        return _secret(sources, two.name, two.items, mode, optional=bool(two.optional))
    if source.downward_api is not None:
        return _downward(facts, source.downward_api.items, mode)
    if source.service_account_token is not None:
        token = source.service_account_token
        text = sources.tokens.get((token.audience, token.expiration_seconds or 3600))
        if text is None:
            raise MissingVolumeDataError("failed to fetch token")
        return {token.path: File(text.encode(), 0o600 if mode == MODE_DEFAULT else mode)}
    return {}


def _config_map(
    sources: VolumeSources, name: str, items: Iterable[KeyToPath], mode: int, *, optional: bool
) -> dict[str, File]:
    found = sources.config_maps.get(name)
    if found is None:
        if optional:
            return {}
        raise MissingVolumeDataError(f'configmap "{name}" not found')
    data = {key: text.encode() for key, text in found.data.items()}
    data |= {key: b64decode(text) for key, text in found.binary_data.items()}
    return _chosen(data, tuple(items), mode, optional=optional)


def _secret(
    sources: VolumeSources, name: str, items: Iterable[KeyToPath], mode: int, *, optional: bool
) -> dict[str, File]:
    found = sources.secrets.get(name)
    if found is None:
        if optional:
            return {}
        raise MissingVolumeDataError(f'secret "{name}" not found')
    data = {key: b64decode(text) for key, text in found.data.items()}
    return _chosen(data, tuple(items), mode, optional=optional)


def _chosen(
    data: Mapping[str, bytes], items: tuple[KeyToPath, ...], mode: int, *, optional: bool
) -> dict[str, File]:
    if not items:
        return {key: File(value, mode) for key, value in data.items()}
    files = {}
    for item in items:
        if item.key in data:
            files[item.path] = File(data[item.key], mode if item.mode is None else item.mode)
        elif not optional:
            raise MissingVolumeDataError(f"references non-existent config key: {item.key}")
    return files


def _downward(
    facts: PodFacts, items: Iterable[DownwardAPIVolumeFile], mode: int
) -> dict[str, File]:
    files = {}
    for item in items:
        if item.field_ref is not None:
            text = field_value(facts, item.field_ref.field_path)
        elif item.resource_field_ref is not None:
            container = facts.pod.spec.containers[0]
            text = resource_value(facts, item.resource_field_ref, container)
        else:
            continue
        files[item.path] = File(text.encode(), mode if item.mode is None else item.mode)
    return files
