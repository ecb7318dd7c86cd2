"""Tokens by which nodes join: Secrets of type bootstrap.kubernetes.io/token in kube-system."""

import base64
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from apiserver.auth.service_account_tokens import Objects
from apiserver.registry.request import User
from knarr.api.core.secret import Secret
from knarr.daemon.clock import Clock

SECRET_TYPE = "bootstrap.kubernetes.io/token"
NAMESPACE = "kube-system"
GROUP = "system:bootstrappers"

_TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_EXTRA_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


class BootstrapTokens:
    """Believes tokens of the form `abcdef.0123456789abcdef`."""

    def __init__(self, objects: Objects, clock: Clock) -> None:
        self._objects = objects
        self._clock = clock

    async def authenticate(self, token: str) -> User | None:
        """The user of a token, None when there is no such token or it is over."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        token_id, token_secret = match.groups()
        secret = await self._objects.get_live(Secret, NAMESPACE, f"bootstrap-token-{token_id}")
        if secret is None or secret.type != SECRET_TYPE or secret.metadata.deletion_timestamp:
            return None
        data = _decoded(secret.data)
        if data.get("token-id") != token_id or not hmac.compare_digest(
            data.get("token-secret", ""), token_secret
        ):
            return None
        if data.get("usage-bootstrap-authentication") != "true" or self._is_over(data):
            return None
        extra = [group.strip() for group in data.get("auth-extra-groups", "").split(",")]
        groups = (GROUP, *(group for group in extra if _EXTRA_GROUP.fullmatch(group)))
        return User(name=f"system:bootstrap:{token_id}", groups=groups)

    def _is_over(self, data: Mapping[str, str]) -> bool:
        expiration = data.get("expiration")
        if not expiration:
            return False
        try:
            until = datetime.fromisoformat(expiration)
        except ValueError:
            return True
        if until.tzinfo is None:
            until = until.replace(tzinfo=UTC)
        return until <= self._clock.now()


def _decoded(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}
