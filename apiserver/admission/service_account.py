"""Gives each pod a service account and, where there are tokens, a volume with its token."""

import asyncio
from random import Random
from typing import ClassVar

from msgspec.structs import replace

from apiserver.admission.admission import Admission, Attributes, Interest, Operation, View
from apiserver.admission.refusal import refusal
from knarr.api.core.container import Container
from knarr.api.core.env import ObjectFieldSelector
from knarr.api.core.pod import Pod
from knarr.api.core.service_account import ServiceAccount
from knarr.api.core.volume import Volume, VolumeMount
from knarr.api.core.volume_projection import (
    ConfigMapProjection,
    DownwardAPIProjection,
    DownwardAPIVolumeFile,
    KeyToPath,
    ServiceAccountTokenProjection,
    VolumeProjection,
)
from knarr.api.core.volume_source import ProjectedVolumeSource

TOKEN_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where programs look for their token."""

TOKEN_EXPIRATION_S = 3607
"""An hour; the odd seconds tell such tokens from those asked for by hand."""

WAIT_S = 0.1
"""Between two looks for an account that a controller is about to make."""

TRIES_MAX = 10
"""Looks before a pod of a missing account is refused."""

_MIRROR = "kubernetes.io/config.mirror"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"

_TOKEN_SOURCES = ProjectedVolumeSource(
    default_mode=0o644,
    sources=(
        VolumeProjection(
            service_account_token=ServiceAccountTokenProjection(
                expiration_seconds=TOKEN_EXPIRATION_S, path="token"
            )
        ),
        VolumeProjection(
            config_map=ConfigMapProjection(
                name="kube-root-ca.crt", items=(KeyToPath(key="ca.crt", path="ca.crt"),)
            )
        ),
        VolumeProjection(
            downward_api=DownwardAPIProjection(
                items=(
                    DownwardAPIVolumeFile(
                        path="namespace",
                        field_ref=ObjectFieldSelector(
                            api_version="v1", field_path="metadata.namespace"
                        ),
                    ),
                )
            )
        ),
    ),
)


class ServiceAccounts(Admission):
    """Every pod runs as somebody."""

    operations: ClassVar[frozenset[Operation]] = frozenset({"CREATE"})
    interests: ClassVar[frozenset[Interest]] = frozenset({("", "pods")})

    def __init__(self, *, tokens: bool) -> None:
        self._tokens = tokens

    async def admit(self, attributes: Attributes, view: View) -> Pod:
        """Fill in the account, and mount its token unless the pod or the account says no."""
        pod: Pod = attributes.object
        if _MIRROR in pod.metadata.annotations:
            return pod
        name = pod.spec.service_account_name or "default"
        spec = replace(pod.spec, service_account_name=name, service_account=name)
        if not self._tokens:
            return replace(pod, spec=spec)
        account = await self._account(attributes, view, name)
        if not spec.image_pull_secrets and account.image_pull_secrets:
            spec = replace(spec, image_pull_secrets=account.image_pull_secrets)
        pod = replace(pod, spec=spec)
        return _with_token(pod, attributes.rng) if _wants_token(pod, account) else pod

    async def _account(self, attributes: Attributes, view: View, name: str) -> ServiceAccount:
        namespace = attributes.namespace
        account: ServiceAccount | None = view.get(ServiceAccount, namespace, name)
        tries = 0
        while account is None and tries < TRIES_MAX:
            account = await view.get_live(ServiceAccount, namespace, name)
            if account is None:
                # A new namespace's accounts are made by a controller, a moment later.
                tries += 1
                await asyncio.sleep(WAIT_S)
        if account is None:
            raise refusal(
                attributes,
                f"error looking up service account {namespace}/{name}: serviceaccount "
                f'"{name}" not found',
            )
        return account


def _wants_token(pod: Pod, account: ServiceAccount) -> bool:
    if pod.spec.automount_service_account_token is not None:
        return pod.spec.automount_service_account_token
    return account.automount_service_account_token is not False


def _with_token(pod: Pod, rng: Random) -> Pod:
    suffix = "".join(rng.choice(_LETTERS) for _ in range(5))
    mount = VolumeMount(name=f"kube-api-access-{suffix}", read_only=True, mount_path=TOKEN_PATH)
    spec = pod.spec
    containers = tuple(_mounted(each, mount) for each in spec.containers)
    init_containers = tuple(_mounted(each, mount) for each in spec.init_containers)
    if containers == spec.containers and init_containers == spec.init_containers:
        return pod
    volume = Volume(name=mount.name, projected=_TOKEN_SOURCES)
    return replace(
        pod,
        spec=replace(
            spec,
            containers=containers,
            init_containers=init_containers,
            volumes=(*spec.volumes, volume),
        ),
    )


def _mounted(container: Container, mount: VolumeMount) -> Container:
    if any(each.mount_path == TOKEN_PATH for each in container.volume_mounts):
        return container
    return replace(container, volume_mounts=(*container.volume_mounts, mount))
