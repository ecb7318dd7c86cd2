"""Tokens by which hosts join: Secrets in kube-system named after the first half of the token."""

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct

from knarr.api.core.secret import Secret
from knarr.api.times import to_time

SECRET_TYPE = "bootstrap.kubernetes.io/token"
NAMESPACE = "kube-system"
GROUP = "system:bootstrappers"
"""The group of all who come with such a token."""

JOIN_GROUP = "system:bootstrappers:kubeadm:default-node-token"
"""The further group that tokens for joining have, as kubeadm has it."""

PREFIX = "bootstrap-token-"
TOKEN = re.compile(r"([a-z0-9]{6})\.([a-z0-9]{16})")
_EXTRA_GROUP = re.compile(r"system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]")


class BootstrapToken(Struct, frozen=True, kw_only=True):
    """What the Secret of a token says."""

    id: str
    secret: str
    description: str = ""
    expires: datetime | None = None
    """None: never."""
    is_expiry_readable: bool = True
    usages: tuple[str, ...] = ()
    """`authentication`, `signing`."""
    groups: tuple[str, ...] = ()
    """Groups beside the common one."""

    @property
    def text(self) -> str:
        """The token as it is handed on."""
        return f"{self.id}.{self.secret}"

    def is_over(self, now: datetime) -> bool:
        """Whether it has expired; one whose time cannot be read has."""
        return not self.is_expiry_readable or (self.expires is not None and self.expires <= now)

    def as_data(self) -> dict[str, str]:
        """The values of its Secret, as plain text."""
        data = {"token-id": self.id, "token-secret": self.secret}
        data |= {f"usage-bootstrap-{usage}": "true" for usage in self.usages}
        if self.description:
            data["description"] = self.description
        if self.expires is not None:
            data["expiration"] = to_time(self.expires)
        if self.groups:
            data["auth-extra-groups"] = ",".join(self.groups)
        return data


def token_of(secret: Secret) -> BootstrapToken | None:
    """What a Secret says of a token; None when it is not the Secret of one."""
    if secret.type != SECRET_TYPE or secret.metadata.deletion_timestamp is not None:
        return None
    data = _texts(secret.data)
    token_id, token_secret = data.get("token-id", ""), data.get("token-secret", "")
    if secret.metadata.name != PREFIX + token_id or not token_secret:
        return None
    expires, is_readable = _moment(data.get("expiration", ""))
    extra = [group.strip() for group in data.get("auth-extra-groups", "").split(",")]
    prefix = "usage-bootstrap-"
    return BootstrapToken(
        id=token_id,
        secret=token_secret,
        description=data.get("description", ""),
        expires=expires,
        is_expiry_readable=is_readable,
        usages=tuple(
            sorted(key.removeprefix(prefix) for key in data if _is_usage(key, data[key], prefix))
        ),
        groups=tuple(group for group in extra if _EXTRA_GROUP.fullmatch(group)),
    )


def _is_usage(key: str, value: str, prefix: str) -> bool:
    return key.startswith(prefix) and value == "true"


def _moment(text: str) -> tuple[datetime | None, bool]:
    if not text:
        return None, True
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None, False
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)), True


def _texts(data: Mapping[str, str]) -> dict[str, str]:
    texts = {}
    for key, value in data.items():
        try:
            texts[key] = base64.b64decode(value).decode(errors="replace")
        except ValueError:
            continue
    return texts
