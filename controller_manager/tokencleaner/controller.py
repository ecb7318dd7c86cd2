"""Watches the Secrets of tokens by which hosts join."""

from controller_manager.tokencleaner.decide import decide
from knarr.api.core.secret import Secret
from knarr.api.keys import Key
from knarr.client.carry_out import carry_out
from knarr.client.client import Client
from knarr.client.informer import Informer
from knarr.client.queue import WorkQueue
from knarr.client.triggers import feed
from knarr.daemon.clock import Clock


class TokenCleanerController:
    """Deletes tokens in time."""

    name = "token-cleaner"

    def __init__(self, client: Client, tokens: Informer[Secret], clock: Clock) -> None:
        self.queue: WorkQueue[Key] = WorkQueue(self.name)
        self._client = client
        self._tokens = tokens
        self._clock = clock
        feed(self.queue, tokens)

    async def reconcile(self, key: Key) -> float | None:
        """Look whether one token's time is up."""
        secret = self._tokens.objects.get(key)
        if secret is None:
            return None
        plan = decide(secret, now=self._clock.now())
        return await carry_out(plan, self._client, self._tokens)
