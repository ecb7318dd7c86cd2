"""Watches requests for certificates that nobody decided about."""

from controller_manager.csrapproving.decide import (
    SERVING,
    approved,
    permissions,
    review,
    serves_itself,
)
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.keys import Key
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed

AGAIN_S = 30.0
"""Roles come later than requests now and then: a request not allowed is looked at again."""


class CsrApprovingController:
    """Approves what roles allow."""

    name = "certificatesigningrequest-approving"

    def __init__(
        self,
        client: Client,
        requests: Informer[CertificateSigningRequest],
        *,
        approve_serving: bool = False,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._requests = requests
        self._approve_serving = approve_serving
        feed(self.queue, requests)

    async def reconcile(self, key: Key) -> float | None:
        """Approve one request if whoever made it may have it."""
        request = self._requests.objects.get(key)
        if self._approve_serving and request is not None and serves_itself(request):
            await self._client.update(approved(request, SERVING), subresource="approval")
            return None
        wanted = permissions(request) if request is not None else ()
        for permission in wanted:
            assert request is not None, "only requests ask for permissions"
            answer = await self._client.create(review(request, permission))
            if answer.status is not None and answer.status.allowed:
                await self._client.update(approved(request, permission), subresource="approval")
                return None
        return AGAIN_S if wanted else None
