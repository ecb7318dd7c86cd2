"""Sees to it that a container's image is on the host, as its pull policy says."""

import json
import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct

from knarr.api.core.container import Container as ContainerSpec
from knarr.api.core.container import EphemeralContainer
from knarr.api.core.secret import Secret
from knarr.daemon.clock import Clock
from kubelet.runtime.runtime import Credentials, Image, Runtime, RuntimeFailureError

FIRST_BACKOFF_S = 10.0
BACKOFF_MAX_S = 300.0

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_NAME = re.compile(
    rf"(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::[\w][\w.-]{0,127})?(?:@[a-zA-Z][\w+.-]*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)
"""What Docker takes for the name of an image."""

_NAMELESS = (
    'Failed to apply default image tag "{name}": couldn\'t parse image name "{name}": '
    "invalid reference format"
)

Tell = Callable[[str, str, str], None]
"""Records an event: type, reason, message."""


class _Failure(Struct, frozen=True):
    at: datetime
    backoff_s: float
    cause: str


class Images:
    """Pulls images, one pull at a time for each, and waits longer after each failure."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._failures: dict[tuple[str, str], _Failure] = {}

    async def ensure(
        self,
        spec: ContainerSpec | EphemeralContainer,
        credentials: Iterable[Credentials],
        tell: Tell,
        pod_uid: str,
    ) -> Image:
        """The image, pulled if need be; a pod waits for its own failures alone.

        Raise RuntimeFailureError with ErrImagePull, ImagePullBackOff,
        ErrImageNeverPull or InvalidImageName.
        """
        try:
            return await self._ensure(spec, credentials, tell, pod_uid)
        except RuntimeFailureError as error:
            tell("Warning", "Failed", f"Error: {error.reason}")
            raise

    async def _ensure(
        self,
        spec: ContainerSpec | EphemeralContainer,
        credentials: Iterable[Credentials],
        tell: Tell,
        pod_uid: str,
    ) -> Image:
        if not is_name(spec.image):
            message = _NAMELESS.format(name=spec.image)
            tell("Warning", "InspectFailed", message)
            raise RuntimeFailureError("InvalidImageName", message)
        present = await self._runtime.image(spec.image)
        if present is not None and spec.image_pull_policy != "Always":
            tell("Normal", "Pulled", f'Container image "{spec.image}" already present on machine')
            return present
        if spec.image_pull_policy == "Never":
            message = f'Container image "{spec.image}" is not present with pull policy of Never'
            tell("Warning", "ErrImageNeverPull", message)
            raise RuntimeFailureError("ErrImageNeverPull", message)
        key = (pod_uid, spec.image)
        self._hold_back(key, tell)
        return await self._pull(key, tuple(credentials), tell)

    def forget(self, pod_uid: str) -> None:
        """The pod is gone."""
        for key in [key for key in self._failures if key[0] == pod_uid]:
            del self._failures[key]

    def _wait_s(self, key: tuple[str, str]) -> float:
        """Seconds until another pull may be tried."""
        failure = self._failures.get(key)
        if failure is None:
            return 0.0
        return max(0.0, failure.backoff_s - (self._clock.now() - failure.at).total_seconds())

    def _hold_back(self, key: tuple[str, str], tell: Tell) -> None:
        _, image = key
        if self._wait_s(key) > 0:
            told = f'Back-off pulling image "{image}"'
            tell("Normal", "BackOff", told)
            told = f"{told}: ErrImagePull: {self._failures[key].cause}"
            raise RuntimeFailureError("ImagePullBackOff", told)

    async def _pull(
        self, key: tuple[str, str], credentials: tuple[Credentials, ...], tell: Tell
    ) -> Image:
        _, image = key
        tell("Normal", "Pulling", f'Pulling image "{image}"')
        began = self._clock.now()
        try:
            pulled = await self._runtime.pull(image, credentials)
        except RuntimeFailureError as error:
            before = self._failures.get(key)
            backoff_s = min(before.backoff_s * 2, BACKOFF_MAX_S) if before else FIRST_BACKOFF_S
            self._failures[key] = _Failure(self._clock.now(), backoff_s, error.message)
            tell("Warning", "Failed", f'Failed to pull image "{image}": {error.message}')
            raise
        self._failures.pop(key, None)
        took_s = (self._clock.now() - began).total_seconds()
        told = f"{took_s * 1000:.0f}ms" if took_s < 1 else f"{took_s:.3f}s"
        tell(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{image}" in {told} ({told} including waiting). '
            f"Image size: {pulled.size_bytes} bytes.",
        )
        return pulled


def is_name(text: str) -> bool:
    """Whether a text can be the name of an image."""
    return _NAME.fullmatch(text) is not None


def credentials_in(secret: Secret) -> Iterable[Credentials]:
    """The logins a pull secret holds, in either of its two forms; none when it is broken."""
    for key in (".dockerconfigjson", ".dockercfg"):
        if key not in secret.data:
            continue
        try:
            read = json.loads(b64decode(secret.data[key]))
        except ValueError:
            return
        servers = read.get("auths", {}) if key == ".dockerconfigjson" else read
        for server, login in servers.items():
            yield _credentials(server, login)


def _credentials(server: str, login: dict[str, str]) -> Credentials:
    username, password = login.get("username", ""), login.get("password", "")
    if not username and login.get("auth"):
        username, _, password = b64decode(login["auth"]).decode(errors="replace").partition(":")
    return Credentials(server, username, password)
