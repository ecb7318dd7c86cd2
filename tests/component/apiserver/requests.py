"""Requests for certificates."""

import base64
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def signing_request(*, group: str, signer: str) -> dict[str, Any]:
    """A CertificateSigningRequest of a group."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, group),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "jane"),
    ]
    asked = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    pem = asked.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    spec = {"request": base64.b64encode(pem).decode(), "signerName": signer}
    return {"metadata": {"name": "r"}, "spec": {**spec, "usages": ["client auth"]}}
