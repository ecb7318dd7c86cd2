"""Tokens kept in Secrets of ServiceAccounts: good for as long as the Secret holds them."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from apiserver.auth.rbac import SERVICE_ACCOUNT
from apiserver.auth.service_account_tokens import Objects, service_account_groups
from apiserver.registry.request import User
from knarr.api.core.account_secret import (
    ACCOUNT_CLAIM,
    ISSUER,
    NAMESPACE_CLAIM,
    SECRET_CLAIM,
    UID_CLAIM,
)
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.daemon.jwt import BadTokenError, VerificationKey, peek, verify


class AccountSecrets:
    """Believes the tokens that the controller manager put into Secrets."""

    def __init__(self, objects: Objects, keys: Sequence[VerificationKey]) -> None:
        self._objects = objects
        self._keys = keys

    async def authenticate(self, token: str) -> User | None:
        """The account of a token, None when it is not to be believed."""
        try:
            if peek(token).get("iss") != ISSUER:
                return None
            claims = verify(token, self._keys)
        except BadTokenError:
            return None
        namespace, name, secret_name, uid = _texts(claims)
        if not namespace or not await self._is_held(namespace, secret_name, token):
            return None
        account = await self._objects.get_live(ServiceAccount, namespace, name)
        if account is None or account.metadata.uid != uid:
            return None
        return User(
            name=f"{SERVICE_ACCOUNT}{namespace}:{name}",
            uid=uid,
            groups=service_account_groups(namespace),
        )

    async def _is_held(self, namespace: str, name: str, token: str) -> bool:
        """Whether the Secret is still there and holds this very token."""
        secret = await self._objects.get_live(Secret, namespace, name)
        if secret is None or secret.metadata.deletion_timestamp is not None:
            return False
        held = base64.b64decode(secret.data.get("token", ""))
        return hmac.compare_digest(held, token.encode())


def _texts(claims: Mapping[str, Any]) -> tuple[str, ...]:
    found = (claims.get(key) for key in (NAMESPACE_CLAIM, ACCOUNT_CLAIM, SECRET_CLAIM, UID_CLAIM))
    return tuple(one if isinstance(one, str) else "" for one in found)
