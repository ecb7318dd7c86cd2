"""The signatures that `cluster-info` must carry."""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from knarr.api.core.bootstrap_token import token_of
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.secret import Secret
from knarr.api.plan import Plan
from knarr.daemon.detached import signature

NAMESPACE = "kube-public"
NAME = "cluster-info"
CONTENT = "kubeconfig"
"""The key of what is signed."""

SIGNATURE = "jws-kubeconfig-"
"""What the key of a signature begins with; the token's id follows."""


def decide(info: ConfigMap, secrets: Iterable[Secret], *, now: datetime) -> Plan:
    """Sign with every token that is for signing; signatures of others go."""
    content = info.data.get(CONTENT)
    if content is None:
        return Plan()
    data = {key: value for key, value in info.data.items() if not key.startswith(SIGNATURE)}
    for secret in secrets:
        token = token_of(secret)
        if token is not None and "signing" in token.usages and not token.is_over(now):
            data[SIGNATURE + token.id] = signature(content, token.id, token.secret)
    return Plan(update=() if data == info.data else (replace(info, data=data),))
