"""Users by TLS client certificate: the common name is the user, organizations are groups."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, cast

from apiserver.registry.request import User


def user_of_connection(transport: asyncio.BaseTransport | None) -> User | None:
    """The user of the certificate that a client proved to own, None without one."""
    if transport is None:
        return None
    tls = transport.get_extra_info("ssl_object")
    if tls is None:
        return None
    certificate = tls.getpeercert()
    return user_of_certificate(certificate) if certificate else None


def user_of_certificate(certificate: Mapping[str, Any]) -> User | None:
    """The user that a certificate, as Python's ssl shows it, names."""
    name, groups = "", []
    for entry in cast(Sequence[Sequence[tuple[str, str]]], certificate.get("subject", ())):
        for key, value in entry:
            if key == "commonName":
                name = value
            elif key == "organizationName":
                groups.append(value)
    return User(name=name, groups=tuple(groups)) if name else None
