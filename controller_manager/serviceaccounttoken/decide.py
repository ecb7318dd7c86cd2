"""What the Secret of a ServiceAccount's token must hold."""

import base64
from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from knarr.api.core.account_secret import ACCOUNT_NAME, ACCOUNT_UID, SECRET_TYPE, claims_of
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.plan import Plan

Sign = Callable[[Mapping[str, Any]], str]
"""Makes a token of claims."""


def is_for_account(secret: Secret) -> bool:
    """Whether a Secret is to hold a token."""
    return secret.type == SECRET_TYPE and bool(secret.metadata.annotations.get(ACCOUNT_NAME))


def decide(secret: Secret, account: ServiceAccount | None, *, root_ca: str, sign: Sign) -> Plan:
    """Fill in what is missing; a Secret whose account is gone goes too."""
    if not is_for_account(secret) or secret.metadata.deletion_timestamp is not None:
        return Plan()
    uid = secret.metadata.annotations.get(ACCOUNT_UID, "")
    if account is None or uid not in ("", account.metadata.uid):
        return Plan(delete=(secret,), delete_unchanged=True)
    wanted = {"namespace": _base64(account.metadata.namespace)}
    if root_ca:
        wanted["ca.crt"] = _base64(root_ca)
    if not secret.data.get("token"):
        wanted["token"] = _base64(sign(claims_of(account, secret)))
    annotations = {**secret.metadata.annotations, ACCOUNT_UID: account.metadata.uid}
    filled = replace(
        secret,
        data={**secret.data, **wanted},
        metadata=replace(secret.metadata, annotations=annotations),
    )
    return Plan(update=() if filled == secret else (filled,))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
