"""When the token of a Secret is over."""

from datetime import datetime

from knarr.api.core.bootstrap_token import token_of
from knarr.api.core.secret import Secret
from knarr.api.plan import Plan


def decide(secret: Secret, *, now: datetime) -> Plan:
    """Delete the Secret of an expired token."""
    token = token_of(secret)
    if token is None:
        return Plan()
    if token.is_over(now):
        return Plan(delete=(secret,), delete_unchanged=True)
    if token.expires is None:
        return Plan()
    return Plan(again_after_s=(token.expires - now).total_seconds())
