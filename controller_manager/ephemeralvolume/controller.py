"""Watches pods with ephemeral volumes and their claims."""

from collections.abc import Iterable

from controller_manager.ephemeralvolume.decide import decide
from controller_manager.refusals import is_namespace_ending
from controller_manager.volumeprotection.decide import claims_of
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.events import EventRecorder
from knarr.client.informers import Informers
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed, owner


class EphemeralVolumeController:
    """Keeps the claims of ephemeral volumes."""

    name = "ephemeral-volume"

    def __init__(self, client: Client, informers: Informers, recorder: EventRecorder) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._pods = informers.of(Pod)
        self._claims = informers.of(PersistentVolumeClaim)
        self._recorder = recorder
        feed(self.queue, self._pods, each(_with_ephemeral))
        feed(self.queue, self._claims, owner("Pod"))

    async def reconcile(self, key: Key) -> float | None:
        """Make the claims that one pod lacks."""
        pod = self._pods.objects.get(key)
        if pod is None:
            return None
        found = (self._claims.objects.get(Key(key.namespace, name)) for name in claims_of(pod))
        claims = {claim.metadata.name: claim for claim in found if claim is not None}
        plan = decide(pod, claims)
        try:
            return await carry_out(plan, self._client, self._claims, recorder=self._recorder)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise


def _with_ephemeral(pod: Pod) -> Iterable[Key]:
    has_some = any(volume.ephemeral is not None for volume in pod.spec.volumes)
    return (key_of(pod),) if has_some else ()
