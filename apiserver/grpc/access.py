"""Who makes a call, by its metadata or its TLS certificate, and whether they may."""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from cryptography import x509
from cryptography.x509.oid import NameOID
from multidict import CIMultiDict, CIMultiDictProxy

from apiserver.auth.attributes import Attributes, named_by
from apiserver.auth.gate import Gate
from apiserver.auth.impersonation import Impersonation
from apiserver.registry.request import User
from knarr.api.foreign import Foreign
from knarr.api.kind import Kind

CONNECTIONS_KNOWN_MAX = 4096
"""Connections whose certificate is remembered; when full all are read anew."""


class Access:
    """The gate as gRPC calls pass it."""

    def __init__(self, gate: Gate, *, has_certificates: bool) -> None:
        self._gate = gate
        self._has_certificates = has_certificates
        self._impersonation = Impersonation(gate)
        self._by_peer: dict[str, User | None] = {}

    async def user(self, context: grpc.aio.ServicerContext[Any, Any]) -> User:
        """For whom this call is made. Raise UnauthorizedError, ForbiddenError.

        The metadata `impersonate-user` and the like are REST's headers; rules
        that constrain for what one may act for others are not asked here.
        """
        authorization = ""
        acting: list[tuple[str, str]] = []
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                authorization = str(value)
            elif key.startswith("impersonate-"):
                acting.append((key, str(value)))
        user = await self._caller(context, authorization)
        if not acting:
            return user
        headers = CIMultiDictProxy(CIMultiDict(acting))
        return self._impersonation.user(Attributes(user, "call", is_resource=False), headers)

    async def _caller(
        self, context: grpc.aio.ServicerContext[Any, Any], authorization: str
    ) -> User:
        known = self._gate.authentication.known(authorization)
        if known is not None:
            return known
        certificate = self._certificate_user(context) if self._has_certificates else None
        return await self._gate.authentication.user(authorization, certificate)

    def check(self, user: User, verb: str, kind: Kind, target: Any, selector: str = "") -> None:
        """Raise ForbiddenError unless the user may do this; `selector` says which are listed."""
        self._gate.check(
            Attributes(
                user,
                verb,
                True,  # noqa: FBT003  # a NamedTuple made often: positional is quicker
                kind.group,
                kind.version,
                kind.plural,
                target.subresource,
                target.namespace,
                target.name or named_by(selector),
            )
        )

    def check_foreign(self, user: User, foreign: Foreign) -> None:
        """Raise ForbiddenError unless the user may read what another server serves."""
        self._gate.check(
            Attributes(
                user,
                "get" if foreign.name else "list",
                group=foreign.group,
                version=foreign.version,
                resource=foreign.plural,
                subresource=foreign.subresource,
                namespace=foreign.namespace,
                name=foreign.name,
            )
        )

    def check_path(self, user: User, verb: str, path: str) -> None:
        """Raise ForbiddenError unless the user may do this to a path that is no resource."""
        self._gate.check(Attributes(user, verb, is_resource=False, path=path))

    def _certificate_user(self, context: grpc.aio.ServicerContext[Any, Any]) -> User | None:
        peer = context.peer()
        if peer not in self._by_peer:
            if len(self._by_peer) >= CONNECTIONS_KNOWN_MAX:
                self._by_peer.clear()
            self._by_peer[peer] = _user_of(context.auth_context())
        return self._by_peer[peer]


def _user_of(connection: Mapping[str, Sequence[bytes]]) -> User | None:
    """The user whom the certificate of a connection names, None without one."""
    pem = connection.get("x509_pem_cert")
    if not pem:
        return None
    subject = x509.load_pem_x509_certificate(bytes(pem[0])).subject
    names = [str(part.value) for part in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    groups = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    if not names:
        return None
    return User(names[0], groups=tuple(str(part.value) for part in groups))
