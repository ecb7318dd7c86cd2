"""Detached signatures with a shared secret, as `cluster-info` carries them (RFC 7515, appendix F).

Whoever holds the token knows by its signature that nobody on the way changed the content.
"""

import hmac
from hashlib import sha256

from knarr.daemon.jwt import encode_bytes


def signature(content: str, token_id: str, token_secret: str) -> str:
    """The signature `HEADER..SIGNATURE` of a content by a token."""
    # Byte for byte as Kubernetes writes it, for signatures are compared as texts.
    header = encode_bytes(f'{{"alg":"HS256","kid":"{token_id}"}}'.encode())
    signed = f"{header}.{encode_bytes(content.encode())}".encode()
    digest = hmac.new(token_secret.encode(), signed, sha256).digest()
    return f"{header}..{encode_bytes(digest)}"


def is_signed(content: str, found: str, token_id: str, token_secret: str) -> bool:
    """Whether this signature is the token's for this content."""
    return hmac.compare_digest(found, signature(content, token_id, token_secret))
