"""Watches requests for certificates grow old."""

from controller_manager.csrcleaner.decide import decide
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import Clock


class CsrCleanerController:
    """Deletes requests in time."""

    name = "certificatesigningrequest-cleaner"

    def __init__(
        self, client: Client, requests: Informer[CertificateSigningRequest], clock: Clock
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._requests = requests
        self._clock = clock
        feed(self.queue, requests)

    async def reconcile(self, key: Key) -> float | None:
        """Look whether one request's time is up."""
        request = self._requests.objects.get(key)
        if request is None:
            return None
        plan = decide(request, now=self._clock.now())
        return await carry_out(plan, self._client, self._requests)
