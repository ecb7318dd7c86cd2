"""Watches Namespaces and the ConfigMap of the root certificate in each."""

from controller_manager.refusals import is_namespace_ending
from controller_manager.rootca.decide import NAME, decide
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.namespace import Namespace
from knarr.api.errors import ApiError
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed


class RootCaController:
    """Publishes the root certificate in every Namespace."""

    name = "root-ca-certificate-publisher"

    def __init__(
        self,
        client: Client,
        namespaces: Informer[Namespace],
        config_maps: Informer[ConfigMap],
        root_ca: str,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._namespaces = namespaces
        self._config_maps = config_maps
        self._root_ca = root_ca
        feed(self.queue, namespaces)
        feed(self.queue, config_maps, each(lambda one: (Key("", one.metadata.namespace),)))

    async def reconcile(self, key: Key) -> float | None:
        """Publish it in one Namespace."""
        namespace = self._namespaces.objects.get(key)
        if namespace is None:
            return None
        existing = self._config_maps.objects.get(Key(key.name, NAME))
        plan = decide(namespace, existing, root_ca=self._root_ca)
        try:
            return await carry_out(plan, self._client, self._config_maps)
        except ApiError as error:
            if is_namespace_ending(error):
                return None
            raise
