"""Rules of a Secret: each type wants its own keys."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from apiserver.strategies.core.keyed_data import decoded_length, validate_frozen, validate_keys
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.core.secret import Secret
from knarr.api.field_errors import FieldError, invalid, required, too_long
from knarr.api.printing.core import secret_row

BYTES_MAX = 1024 * 1024
"""All values together; etcd takes little more."""

OPAQUE = "Opaque"
SERVICE_ACCOUNT_TOKEN = "kubernetes.io/service-account-token"
SERVICE_ACCOUNT_NAME = "kubernetes.io/service-account.name"

_MUST_HAVE: Mapping[str, tuple[str, ...]] = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_BASIC = frozenset({"username", "password"})
_JSON_TYPES = frozenset({"kubernetes.io/dockercfg", "kubernetes.io/dockerconfigjson"})


class SecretRules(Strategy[Secret]):
    """What holds for a Secret."""

    has_status = False
    has_generation = False

    def default(self, obj: Secret) -> Secret:
        """Opaque unless told otherwise; texts move into the data."""
        data = obj.data
        if obj.string_data:
            texts = {
                key: base64.b64encode(text.encode()).decode()
                for key, text in obj.string_data.items()
            }
            data = {**data, **texts}
        return replace(obj, type=obj.type or OPAQUE, data=data, string_data={})

    def prepare_for_update(self, obj: Secret, old: Secret, context: Context) -> Secret:
        """Who says nothing of the type keeps it."""
        return replace(obj, type=old.type) if not obj.type else obj

    def validate(self, obj: Secret) -> Iterable[FieldError]:
        """Keys are file names, all of it fits, and the type's own keys are there."""
        return _validate(obj)

    def validate_update(self, obj: Secret, old: Secret) -> Iterable[FieldError]:
        """The type stays, and what is immutable stays so."""
        if obj.type != old.type:
            yield invalid("type", obj.type, "field is immutable")
        if old.immutable:
            yield from validate_frozen(obj, old, ("data",))

    def fields(self, obj: Secret) -> Mapping[str, str]:
        """Secrets are selected by type."""
        return {"type": obj.type}

    def row(self, obj: Secret, now: datetime) -> Sequence[Any]:
        """Name, type, number of keys, age."""
        return secret_row(obj, now)


def _validate(secret: Secret) -> Iterator[FieldError]:
    total = 0
    for key in sorted(secret.data):
        yield from validate_keys(key, "data")
        total += decoded_length(secret.data[key])
    if total > BYTES_MAX:
        yield too_long("data", BYTES_MAX)
    yield from _validate_type(secret)


def _validate_type(secret: Secret) -> Iterator[FieldError]:
    for key in _MUST_HAVE.get(secret.type, ()):
        if key not in secret.data:
            yield required(f"data[{key}]")
        elif secret.type in _JSON_TYPES:
            yield from _validate_json(secret.data[key], f"data[{key}]")
    if secret.type == SERVICE_ACCOUNT_TOKEN:
        if not secret.metadata.annotations.get(SERVICE_ACCOUNT_NAME):
            yield required(f"metadata.annotations[{SERVICE_ACCOUNT_NAME}]")
    elif secret.type == "kubernetes.io/basic-auth" and not _BASIC & set(secret.data):
        yield required("data[username]")
        yield required("data[password]")


def _validate_json(encoded: str, path: str) -> Iterator[FieldError]:
    try:
        text = base64.b64decode(encoded)
    except binascii.Error:
        text = b""
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        told = _go_words(text, str(error))
        yield invalid(path, "<secret contents redacted>", told)


def _go_words(text: bytes, words: str) -> str:
    """The usual ways of being no JSON in the words of Kubernetes' decoder."""
    stripped = text.strip()
    if not stripped:
        return "unexpected end of JSON input"
    first = chr(stripped[0])
    if first not in '{["-0123456789tfn':
        return f"invalid character '{first}' looking for beginning of value"
    return words
