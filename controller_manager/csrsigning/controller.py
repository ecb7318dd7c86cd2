"""Watches requests for certificates that are approved."""

import base64
from datetime import timedelta

from msgspec.structs import replace

from controller_manager.certificate_requests import parsed
from controller_manager.csrsigning.decide import is_to_be_signed, lasts, refuse
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.api.keys import Key
from knarr.api.plan import Plan
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.certificates import Authority


class CsrSigningController:
    """Signs; without an authority it lets requests wait."""

    name = "certificatesigningrequest-signing"

    def __init__(
        self,
        client: Client,
        requests: Informer[CertificateSigningRequest],
        authority: Authority | None,
        longest: timedelta,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._requests = requests
        self._authority = authority
        self._longest = longest
        if authority is not None:
            feed(self.queue, requests)

    async def reconcile(self, key: Key) -> float | None:
        """Sign one request, or say why not."""
        found = self._requests.objects.get(key)
        if found is None or self._authority is None or not is_to_be_signed(found):
            return None
        plan = refuse(found) or self._signed(found, self._authority)
        return await carry_out(plan, self._client, self._requests)

    def _signed(self, csr: CertificateSigningRequest, authority: Authority) -> Plan:
        request = parsed(csr)
        assert request is not None, "what cannot be read was refused"
        certificate = authority.sign(
            request, lasts=lasts(csr, self._longest), usages=csr.spec.usages
        )
        text = base64.b64encode(certificate).decode()
        return Plan(status=replace(csr, status=replace(csr.status, certificate=text)))
