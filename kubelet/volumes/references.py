"""Gets the objects that a pod's environment and volumes refer to."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

from msgspec import Struct

from knarr.api.authentication.token_request import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
)
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.env import ConfigMapEnvSource, SecretEnvSource
from knarr.api.core.pod import Pod
from knarr.api.core.references import ConfigMapKeySelector, SecretKeySelector
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.core.volume_projection import ConfigMapProjection, SecretProjection
from knarr.api.core.volume_source import ConfigMapVolumeSource, SecretVolumeSource
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.api.structs import ApiStruct
from knarr.client.client import Client
from knarr.daemon.clock import Clock
from kubelet.volumes.watched import WatchedObjects

T = TypeVar("T", bound=ApiStruct)

FRESH_S = 30.0
"""A login to a registry got this long ago is good enough."""

REFRESH_SHARE = 0.8
"""A token is replaced when so much of its life is over, as Kubernetes does."""


class References(Struct, frozen=True):
    """What a pod refers to."""

    config_maps: dict[str, ConfigMap]
    secrets: dict[str, Secret]
    tokens: dict[tuple[str, int], str]


class ReferenceSource:
    """Gets and keeps for a little while what pods refer to."""

    def __init__(self, client: Client, clock: Clock, watched: WatchedObjects) -> None:
        self._client = client
        self._clock = clock
        self._watched = watched
        self._objects: dict[tuple[type[ApiStruct], Key], tuple[ApiStruct | None, datetime]] = {}
        self._tokens: dict[tuple[str, str, int], tuple[str, datetime]] = {}

    async def of(self, pod: Pod) -> References:
        """Everything the pod's containers and volumes name, absent where it is not there."""
        namespace, uid = pod.metadata.namespace, pod.metadata.uid
        found = References({}, {}, {})
        for name in dict.fromkeys(_config_map_names(pod)):
            config_map = await self._watched.get(ConfigMap, Key(namespace, name), uid)
            if config_map is not None:
                found.config_maps[name] = config_map
        for name in dict.fromkeys(_secret_names(pod)):
            secret = await self._watched.get(Secret, Key(namespace, name), uid)
            if secret is not None:
                found.secrets[name] = secret
        for audience, seconds in dict.fromkeys(_tokens(pod)):
            found.tokens[audience, seconds] = await self._token(pod, audience, seconds)
        return found

    async def secret(self, namespace: str, name: str) -> Secret | None:
        """A Secret such as one with an image registry's password."""
        return await self._get(Secret, Key(namespace, name))

    def forget(self, pod: Pod) -> None:
        """The pod is gone: its tokens are of no use, and what it named concerns it no more."""
        self._watched.forget(pod.metadata.uid)
        for key in [key for key in self._tokens if key[0] == pod.metadata.uid]:
            del self._tokens[key]

    async def _get(self, object_type: type[T], key: Key) -> T | None:
        known = self._objects.get((object_type, key))
        now = self._clock.now()
        if known is not None and now - known[1] < timedelta(seconds=FRESH_S):
            if isinstance(known[0], object_type):
                return known[0]
            if known[0] is None and now - known[1] < timedelta(seconds=1):
                return None
        try:
            obj: T | None = await self._client.get(object_type, key)
        except NotFoundError:
            obj = None
        self._objects[object_type, key] = (obj, now)
        return obj

    async def _token(self, pod: Pod, audience: str, seconds: int) -> str:
        key = (pod.metadata.uid, audience, seconds)
        known = self._tokens.get(key)
        now = self._clock.now()
        if known is not None and now < known[1]:
            return known[0]
        request = TokenRequest(
            spec=TokenRequestSpec(
                audiences=(audience,) if audience else (),
                expiration_seconds=seconds,
                bound_object_ref=BoundObjectReference(
                    api_version="v1", kind="Pod", name=pod.metadata.name, uid=pod.metadata.uid
                ),
            )
        )
        account = Key(pod.metadata.namespace, pod.spec.service_account_name or "default")
        answer = await self._client.call(ServiceAccount, account, "token", request, TokenRequest)
        token = answer.status.token
        self._tokens[key] = (token, now + timedelta(seconds=seconds * REFRESH_SHARE))
        return token


def _containers(pod: Pod) -> Iterator[ContainerSpec | EphemeralContainer]:
    yield from pod.spec.init_containers
    yield from pod.spec.containers
    yield from pod.spec.ephemeral_containers


def _config_map_names(pod: Pod) -> Iterator[str]:
    for one in (*_in_environments(pod), *_in_volumes(pod)):
        if isinstance(
            one,
            ConfigMapEnvSource | ConfigMapKeySelector | ConfigMapProjection | ConfigMapVolumeSource,
        ):
            yield one.name


def _secret_names(pod: Pod) -> Iterator[str]:
    for one in (*_in_environments(pod), *_in_volumes(pod)):
        if isinstance(one, SecretEnvSource | SecretKeySelector | SecretProjection):
            yield one.name
        elif isinstance(one, SecretVolumeSource):
            yield one.secret_name


def _in_environments(pod: Pod) -> Iterator[ApiStruct | None]:
    for container in _containers(pod):
        for source in container.env_from:
            yield source.config_map_ref
            yield source.secret_ref
        for variable in container.env:
            if variable.value_from is not None:
                yield variable.value_from.config_map_key_ref
                yield variable.value_from.secret_key_ref


def _in_volumes(pod: Pod) -> Iterator[ApiStruct | None]:
    for volume in pod.spec.volumes:
        yield volume.config_map
        yield volume.secret
        for projection in volume.projected.sources if volume.projected else ():
            yield projection.config_map
            yield projection.secret


def _tokens(pod: Pod) -> Iterator[tuple[str, int]]:
    for volume in pod.spec.volumes:
        for projection in volume.projected.sources if volume.projected else ():
            if projection.service_account_token is not None:
                token = projection.service_account_token
                yield token.audience, token.expiration_seconds or 3600
