"""Watches Namespaces and the ServiceAccounts in them."""

from collections.abc import Iterable

from controller_manager.refusals import is_namespace_ending
from controller_manager.serviceaccount.decide import NAMES, decide
from knarr.api.core.namespace import Namespace
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed


class ServiceAccountController:
    """Keeps the ServiceAccounts that every Namespace has."""

    name = "serviceaccount"

    def __init__(
        self, client: Client, namespaces: Informer[Namespace], accounts: Informer[ServiceAccount]
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._namespaces = namespaces
        self._accounts = accounts
        feed(self.queue, namespaces)
        feed(self.queue, accounts, each(_namespace_of))

    async def reconcile(self, key: Key) -> float | None:
        """Make what one Namespace lacks."""
        namespace = self._namespaces.objects.get(key)
        if namespace is None:
            return None
        existing = {name for name in NAMES if Key(key.name, name) in self._accounts.objects}
        try:
            return await carry_out(decide(namespace, existing), self._client, self._accounts)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise


def _namespace_of(account: ServiceAccount) -> Iterable[Key]:
    return (Key("", account.metadata.namespace),) if account.metadata.name in NAMES else ()
