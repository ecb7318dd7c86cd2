"""Tokens by which nodes join: Secrets of type bootstrap.kubernetes.io/token in kube-system."""

import hmac

from apiserver.auth.service_account_tokens import Objects
from apiserver.registry.request import User
from knarr.api.core.bootstrap_token import GROUP, NAMESPACE, PREFIX, TOKEN, token_of
from knarr.api.core.secret import Secret
from knarr.daemon.clock import Clock


class BootstrapTokens:
    """Believes tokens of the form `abcdef.0123456789abcdef`."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock

    async def authenticate(self, token: str) -> User | None:
        """The user of a token, None when there is no such token or it is over."""
        match = TOKEN.fullmatch(token)
        if match is None:
            return None
        token_id, token_secret = match.groups()
        secret = await self._objects.get_live(Secret, NAMESPACE, PREFIX + token_id)
        known = token_of(secret) if secret is not None else None
        if known is None or not hmac.compare_digest(known.secret, token_secret):
            return None
        if "authentication" not in known.usages or known.is_over(self._clock.now()):
            return None
        return User(name=f"system:bootstrap:{token_id}", groups=(GROUP, *known.groups))
