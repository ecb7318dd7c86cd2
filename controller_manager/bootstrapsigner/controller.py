"""Watches `cluster-info` and the tokens by which hosts join."""

from controller_manager.bootstrapsigner.decide import NAME, NAMESPACE, decide
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.secret import Secret
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import each, feed
from knarr.daemon.clock import Clock

INFO = Key(NAMESPACE, NAME)


class BootstrapSignerController:
    """Signs anew whatever changes."""

    name = "bootstrap-signer"

    def __init__(
        self,
        client: Client,
        config_maps: Informer[ConfigMap],
        tokens: Informer[Secret],
        clock: Clock,
    ) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._config_maps = config_maps
        self._tokens = tokens
        self._clock = clock
        feed(self.queue, config_maps, each(_if_info))
        feed(self.queue, tokens, lambda _old, _new: (INFO,))

    async def reconcile(self, key: Key) -> float | None:
        """Sign `cluster-info`, if there is one."""
        info = self._config_maps.objects.get(key)
        if info is None:
            return None
        plan = decide(info, self._tokens.objects.values(), now=self._clock.now())
        return await carry_out(plan, self._client, self._config_maps)


def _if_info(config_map: ConfigMap) -> tuple[Key, ...]:
    meta = config_map.metadata
    return (INFO,) if (meta.namespace, meta.name) == (NAMESPACE, NAME) else ()
