"""Watches claims, volumes, and pods that use claims. A key without namespace is a volume's."""

from collections.abc import Iterable

from controller_manager.volumeprotection.decide import claims_of, decide_claim, decide_volume
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informers import Informers
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed

_BY_CLAIM = "claim"


class VolumeProtectionController:
    """Lets claims and volumes go when nobody uses them."""

    name = "persistentvolumeclaim-protection"

    def __init__(self, client: Client, informers: Informers) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._claims = informers.of(PersistentVolumeClaim)
        self._volumes = informers.of(PersistentVolume)
        self._pods = informers.of(Pod)
        self._pods.index(_BY_CLAIM, lambda pod: map(str, _keys_of(pod)))
        feed(self.queue, self._claims)
        feed(self.queue, self._volumes)
        feed(self.queue, self._pods, each(_keys_of))

    async def reconcile(self, key: Key) -> float | None:
        """Look at one claim or volume that is to go."""
        if key.namespace:
            claim = self._claims.objects.get(key)
            if claim is None or claim.metadata.deletion_timestamp is None:
                return None
            plan = decide_claim(claim, self._pods.by(_BY_CLAIM, str(key)))
        else:
            volume = self._volumes.objects.get(key)
            if volume is None:
                return None
            plan = decide_volume(volume)
        return await carry_out(plan, self._client, self._claims, self._volumes)


def _keys_of(pod: Pod) -> Iterable[Key]:
    return [Key(pod.metadata.namespace, name) for name in claims_of(pod)]
