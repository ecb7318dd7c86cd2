"""Watches claims, volumes and classes. A key without a namespace is a volume's."""

from collections.abc import Iterable

from controller_manager.persistentvolume.claim import BIND_COMPLETED, decide_claim
from controller_manager.persistentvolume.folders import remove_folder
from controller_manager.persistentvolume.provisioning import CLASS_NAME, own_class
from controller_manager.persistentvolume.volume import decide_volume, failed
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.api.plan import Plan
from knarr.api.storage.storage_class import StorageClass
from knarr.api.storage_classes import class_of_claim, class_of_volume
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed
from knarr.daemon.clock import Clock

AGAIN_AFTER_S = 15.0
"""A claim that waits is looked at again after this, as Kubernetes does, and tells so again."""

STANDARD = Key("", "")
"""The key under which the default class is made, once."""


class PersistentVolumeController:
    """Brings claims and volumes together."""

    name = "persistentvolume-binder"

    def __init__(
        self,
        client: Client,
        informers: Informers,
        recorder: EventRecorder,
        clock: Clock,
        *,
        root: str,
        classes: Iterable[str] = (),
        waits: bool = False,
    ) -> None:
        """`root` is where volumes are made, `classes` names more classes of such volumes.

        `waits`: for a claim's first pod, whose node then has the folder.
        """
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._claims = informers.of(PersistentVolumeClaim)
        self._volumes = informers.of(PersistentVolume)
        self._classes = informers.of(StorageClass)
        self._recorder = recorder
        self._clock = clock
        self._root = root
        self._own_classes = tuple(own_class(one, waits=waits) for one in (CLASS_NAME, *classes))
        self._volumes.index("class", lambda volume: (class_of_volume(volume),))
        self._claims.index("pending-class", _pending_class)
        self._claims.index("volume", _volume_of)
        feed(self.queue, self._claims)
        feed(self.queue, self._claims, each(_volume_keys))
        feed(self.queue, self._volumes)
        feed(self.queue, self._volumes, each(self._claims_of))
        feed(self.queue, self._classes, each(self._waiting_for))
        if root:
            self.queue.add(STANDARD)

    async def reconcile(self, key: Key) -> float | None:
        """Look at one claim or volume."""
        if key == STANDARD:
            return await self._carry_out(Plan(ensure=self._own_classes))
        if not key.namespace:
            volume = self._volumes.objects.get(key)
            return None if volume is None else await self._volume(volume)
        claim = self._claims.objects.get(key)
        return None if claim is None else await self._claim(claim)

    async def _claim(self, claim: PersistentVolumeClaim) -> float | None:
        class_name = class_of_claim(claim)
        plan = decide_claim(
            claim,
            self._volumes.objects.get(Key("", claim.spec.volume_name)),
            self._volumes.by("class", class_name),
            self._classes.objects.get(Key("", class_name)),
            root=self._root,
        )
        await self._carry_out(plan)
        waits = not claim.spec.volume_name and plan.notices and not plan.ensure
        return AGAIN_AFTER_S if waits else None

    async def _volume(self, volume: PersistentVolume) -> float | None:
        reference = volume.spec.claim_ref
        claim = None
        if reference is not None and reference.uid:
            claim_key = Key(reference.namespace, reference.name)
            claim = self._claims.objects.get(claim_key) or await self._ask(claim_key)
        now = self._clock.now()
        plan = decide_volume(volume, claim, now=now)
        if plan.delete and (why := await remove_folder(volume, self._root)):
            plan = failed(volume, why, now)
        return await self._carry_out(plan)

    async def _ask(self, key: Key) -> PersistentVolumeClaim | None:
        """Whether a claim that our copy lacks is there all the same: its data is at stake."""
        try:
            return await self._client.get(PersistentVolumeClaim, key)
        except NotFoundError:
            return None

    async def _carry_out(self, plan: Plan) -> float | None:
        copies = (self._claims, self._volumes)
        return await carry_out(plan, self._client, *copies, recorder=self._recorder)

    def _claims_of(self, volume: PersistentVolume) -> Iterable[Key]:
        """The claim a volume names, those that name it, and those that could have it."""
        keys: dict[Key, None] = {}
        reference = volume.spec.claim_ref
        if reference is not None:
            keys[Key(reference.namespace, reference.name)] = None
        if self._claims.is_listed:
            for claim in self._claims.by("volume", volume.metadata.name):
                keys[key_of(claim)] = None
            if reference is None:
                for claim in self._claims.by("pending-class", class_of_volume(volume)):
                    keys[key_of(claim)] = None
        return keys

    def _waiting_for(self, storage_class: StorageClass) -> Iterable[Key]:
        if not self._claims.is_listed:
            return ()
        return map(key_of, self._claims.by("pending-class", storage_class.metadata.name))


def _pending_class(claim: PersistentVolumeClaim) -> Iterable[str]:
    if BIND_COMPLETED in claim.metadata.annotations:
        return ()
    return (class_of_claim(claim),)


def _volume_keys(claim: PersistentVolumeClaim) -> Iterable[Key]:
    return [Key("", name) for name in _volume_of(claim)]


def _volume_of(claim: PersistentVolumeClaim) -> Iterable[str]:
    return (claim.spec.volume_name,) if claim.spec.volume_name else ()
