"""The token that leads to the next page of a list, in Kubernetes' form."""

import base64
import binascii
from typing import NamedTuple

import msgspec

from knarr.api.errors import BadRequestError

ANY_REVISION = -1
"""In a token: go on at whatever there is now, for lists that became too old."""


class Continue(NamedTuple):
    """Where a list goes on."""

    revision: int
    start: str
    """The first key not yet told, without the resource's prefix."""


class _Token(msgspec.Struct):
    v: str = ""
    rv: int = 0
    start: str = ""


def write_token(revision: int, start: str) -> str:
    """The token for a place."""
    data = msgspec.json.encode(_Token("meta.k8s.io/v1", revision, start))
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def read_token(text: str) -> Continue:
    """The place a token names. Raise BadRequestError."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data:
        raise _bad(f"illegal base64 data at input byte {_first_bad(text)}")
    try:
        token = msgspec.json.decode(data, type=_Token)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise _bad(_syntax(data)) from None
    if token.v != "meta.k8s.io/v1":
        raise _bad(f'server does not recognize this encoded version "{token.v}"')
    if not token.start:
        raise _bad("encoded start key empty (version meta.k8s.io/v1)")
    if token.start.startswith("/") or ".." in token.start.split("/"):
        raise _bad(f"invalid start key: {token.start}")
    return Continue(token.rv, token.start)


def _first_bad(text: str) -> int:
    good = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    for index, letter in enumerate(text):
        if letter not in good:
            return index
    return max(0, len(text) - len(text) % 4)


def _syntax(data: bytes) -> str:
    first = data[:1].decode("latin-1")
    shown = first if first.isprintable() and first.isascii() else f"\\x{data[0]:02x}"
    return f"invalid character '{shown}' looking for beginning of value"


def _bad(why: str) -> BadRequestError:
    return BadRequestError(f"invalid continue token: continue key is not valid: {why}")
