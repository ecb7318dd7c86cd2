"""Signed JSON tokens (RFC 7515, 7519): RS256 and ES256, the two that Kubernetes signs with."""

import base64
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from msgspec import Struct

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

_ES256_BYTES = 32
_TOKEN_BYTES_MAX = 64 * 1024


class BadTokenError(Exception):
    """The token is no token, or its signature is not that of a known key."""


def encode_bytes(data: bytes) -> str:
    """Base64 for URLs, without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_bytes(text: str) -> bytes:
    """The bytes of base64 for URLs. Raise ValueError."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class VerificationKey(Struct, frozen=True):
    """A public key and the name by which tokens refer to it."""

    id: str
    key: PublicKey

    @property
    def algorithm(self) -> str:
        """How tokens are signed with this key."""
        return "RS256" if isinstance(self.key, rsa.RSAPublicKey) else "ES256"

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        """Whether the signature is this key's."""
        try:
            if isinstance(self.key, rsa.RSAPublicKey):
                self.key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
            else:
                if len(signature) != 2 * _ES256_BYTES:
                    return False
                first = int.from_bytes(signature[:_ES256_BYTES], "big")
                second = int.from_bytes(signature[_ES256_BYTES:], "big")
                der = utils.encode_dss_signature(first, second)
                self.key.verify(der, signed, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def as_json(self) -> Mapping[str, str]:
        """The key as a JSON Web Key."""
        head = {"use": "sig", "kid": self.id, "alg": self.algorithm}
        numbers = self.key.public_numbers()
        if isinstance(numbers, rsa.RSAPublicNumbers):
            return {"kty": "RSA", **head, "n": _number(numbers.n), "e": _number(numbers.e)}
        return {
            "kty": "EC",
            **head,
            "crv": "P-256",
            "x": _number(numbers.x, _ES256_BYTES),
            "y": _number(numbers.y, _ES256_BYTES),
        }


def _number(number: int, size: int = 0) -> str:
    size = size or (number.bit_length() + 7) // 8
    return encode_bytes(number.to_bytes(size, "big"))


class Signer:
    """A private key that signs tokens."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        public = key.public_key()
        der = public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.verification = VerificationKey(encode_bytes(sha256(der).digest()), public)
        header = {"alg": self.verification.algorithm, "kid": self.verification.id}
        self._header = encode_bytes(msgspec.json.encode(header))

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token with these claims."""
        signed = f"{self._header}.{encode_bytes(msgspec.json.encode(claims))}"
        if isinstance(self._key, rsa.RSAPrivateKey):
            signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        else:
            der = self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256()))
            first, second = utils.decode_dss_signature(der)
            signature = first.to_bytes(_ES256_BYTES, "big") + second.to_bytes(_ES256_BYTES, "big")
        return f"{signed}.{encode_bytes(signature)}"


def peek(token: str) -> dict[str, Any]:
    """The claims of a token, nothing verified. Raise BadTokenError."""
    parts = token.split(".")
    if len(parts) != 3 or len(token) > _TOKEN_BYTES_MAX:
        raise BadTokenError("not a token")
    try:
        claims = msgspec.json.decode(decode_bytes(parts[1]))
    except (ValueError, msgspec.DecodeError):
        raise BadTokenError("not a token") from None
    if not isinstance(claims, dict):
        raise BadTokenError("not a token")
    return claims


def verify(token: str, keys: Iterable[VerificationKey]) -> dict[str, Any]:
    """The claims of a token that one of the keys signed. Raise BadTokenError."""
    claims = peek(token)
    head, payload, signature_text = token.split(".")
    try:
        header = msgspec.json.decode(decode_bytes(head))
        signature = decode_bytes(signature_text)
    except (ValueError, msgspec.DecodeError):
        raise BadTokenError("not a token") from None
    if not isinstance(header, dict):
        raise BadTokenError("not a token")
    signed = f"{head}.{payload}".encode()
    for key in keys:
        # The key says how it signs; believing the token's word for it is an old hole.
        fits = header.get("alg") == key.algorithm and header.get("kid") in (None, key.id)
        if fits and key.verifies(signature, signed):
            return claims
    raise BadTokenError("the signature is not that of a known key")


def read_private_key(pem: bytes) -> PrivateKey:
    """The signing key in a PEM file. Raise ValueError."""
    key = serialization.load_pem_private_key(pem, None)
    if isinstance(key, rsa.RSAPrivateKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError("the key is neither RSA nor P-256")


def read_public_key(pem: bytes) -> VerificationKey:
    """The verification key in a PEM file, which may hold the private one. Raise ValueError."""
    if b"PRIVATE KEY" in pem:
        return Signer(read_private_key(pem)).verification
    key = serialization.load_pem_public_key(pem)
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise ValueError("the key is neither RSA nor P-256")  # noqa: TRY004  It is the file's fault.
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return VerificationKey(encode_bytes(sha256(der).digest()), key)
