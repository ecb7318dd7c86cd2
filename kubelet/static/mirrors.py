"""Keeps in the API what shows the static pods of this node: no more, no less, no other."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog

from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.options import DeleteOptions, Preconditions
from knarr.client.client import Client
from kubelet.static.manifest import mirror_of, mirrors

log = structlog.get_logger()

AGAIN_AFTER_S = 2.0
"""When the API refused or did not answer."""


class Mirrors:
    """The mirror pods of one node."""

    def __init__(
        self,
        client: Client,
        wanted: Callable[[], Mapping[str, Pod]],
        node: Callable[[], Node | None],
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._node = node
        self._shown: dict[Key, Pod] = {}
        self._wake = asyncio.Event()

    def of(self, pod: Pod) -> Pod | None:
        """What the API shows of a static pod, None while it shows nothing or another one."""
        shown = self._shown.get(_key(pod))
        if shown is None or shown.metadata.deletion_timestamp or not mirrors(shown, pod):
            return None
        return shown

    def saw(self, old: Pod | None, new: Pod | None) -> None:
        """A mirror pod changed in the API."""
        if new is not None:
            self._shown[_key(new)] = new
        elif old is not None:
            self._shown.pop(_key(old), None)
        self._wake.set()

    def look(self) -> None:
        """The static pods changed."""
        self._wake.set()

    async def run(self) -> None:
        """Make and remove mirrors until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._reconcile()
            except ApiError as error:
                log.warning("static pods not shown yet", error=str(error))
                await asyncio.sleep(AGAIN_AFTER_S)
                self._wake.set()

    async def _reconcile(self) -> None:
        wanted = {_key(pod): pod for pod in self._wanted().values()}
        for key, shown in list(self._shown.items()):
            pod = wanted.get(key)
            if pod is None or shown.metadata.deletion_timestamp or not mirrors(shown, pod):
                await self._delete(key, shown)
        for key, pod in wanted.items():
            if key not in self._shown:
                await self._create(key, pod)

    async def _create(self, key: Key, pod: Pod) -> None:
        try:
            self._shown[key] = await self._client.create(mirror_of(pod, self._node()))
        except AlreadyExistsError:
            log.warning("a pod of that name is there already", pod=str(key))

    async def _delete(self, key: Key, shown: Pod) -> None:
        options = DeleteOptions(
            grace_period_seconds=0, preconditions=Preconditions(uid=shown.metadata.uid)
        )
        with suppress(NotFoundError, ConflictError):
            await self._client.delete(Pod, key, options)
        self._shown.pop(key, None)


def _key(pod: Pod) -> Key:
    return Key(pod.metadata.namespace, pod.metadata.name)
