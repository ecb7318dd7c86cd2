"""Watches ServiceAccounts, and the Secrets that are to hold their tokens."""

from collections.abc import Iterable

from controller_manager.serviceaccounttoken.decide import decide, is_for_account
from knarr.api.core.account_secret import ACCOUNT_NAME
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import NotFoundError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.objects import key_of
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed
from knarr.daemon.jwt import Signer

_INDEX = "account"


class ServiceAccountTokenController:
    """Fills in tokens; without a key to sign with it leaves Secrets as they are."""

    name = "serviceaccount-token"

    def __init__(
        self,
        client: Client,
        secrets: Informer[Secret],
        accounts: Informer[ServiceAccount],
        root_ca: str,
        signer: Signer | None,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._secrets = secrets
        self._accounts = accounts
        self._root_ca = root_ca
        self._signer = signer
        if signer is None:
            return
        secrets.index(_INDEX, _account_of)
        feed(self.queue, secrets)
        feed(self.queue, accounts, each(self._secrets_of))

    async def reconcile(self, key: Key) -> float | None:
        """Fill in one Secret."""
        secret = self._secrets.objects.get(key)
        if secret is None or self._signer is None or not is_for_account(secret):
            return None
        name = Key(key.namespace, secret.metadata.annotations[ACCOUNT_NAME])
        account = self._accounts.objects.get(name) or await self._live(name)
        plan = decide(secret, account, root_ca=self._root_ca, sign=self._signer.sign)
        return await carry_out(plan, self._client, self._secrets)

    async def _live(self, key: Key) -> ServiceAccount | None:
        """The account as the server has it: a copy that is behind must not delete a Secret."""
        try:
            return await self._client.get(ServiceAccount, key)
        except NotFoundError:
            return None

    def _secrets_of(self, account: ServiceAccount) -> Iterable[Key]:
        if not self._secrets.is_listed:
            return ()
        meta = account.metadata
        found = self._secrets.by(_INDEX, f"{meta.namespace}/{meta.name}")
        return tuple(key_of(secret) for secret in found)


def _account_of(secret: Secret) -> Iterable[str]:
    if is_for_account(secret):
        yield f"{secret.metadata.namespace}/{secret.metadata.annotations[ACCOUNT_NAME]}"
