"""Secrets that hold the token of a ServiceAccount for as long as they exist."""

from collections.abc import Mapping
from typing import Any

from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount

SECRET_TYPE = "kubernetes.io/service-account-token"
ACCOUNT_NAME = "kubernetes.io/service-account.name"
"""The annotation that says whose token it shall be."""

ACCOUNT_UID = "kubernetes.io/service-account.uid"
"""The annotation that says of which of the accounts that had this name."""

ISSUER = "kubernetes/serviceaccount"
"""Who signs such tokens; it tells them from those that are asked for and expire."""

_CLAIM = "kubernetes.io/serviceaccount/"
NAMESPACE_CLAIM = f"{_CLAIM}namespace"
SECRET_CLAIM = f"{_CLAIM}secret.name"
ACCOUNT_CLAIM = f"{_CLAIM}service-account.name"
UID_CLAIM = f"{_CLAIM}service-account.uid"


def claims_of(account: ServiceAccount, secret: Secret) -> Mapping[str, Any]:
    """What the token in this Secret says."""
    meta = account.metadata
    return {
        "iss": ISSUER,
        NAMESPACE_CLAIM: meta.namespace,
        SECRET_CLAIM: secret.metadata.name,
        ACCOUNT_CLAIM: meta.name,
        UID_CLAIM: meta.uid,
        "sub": f"system:serviceaccount:{meta.namespace}:{meta.name}",
    }
