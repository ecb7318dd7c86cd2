"""Says who asks: by certificate, by token, or as nobody in particular."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Protocol

from msgspec.structs import replace

from apiserver.registry.request import User
from knarr.api.errors import UnauthorizedError

AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
ANONYMOUS = User("system:anonymous", groups=(UNAUTHENTICATED,))


class TokenAuthenticator(Protocol):
    """Knows one sort of bearer token."""

    def authenticate(self, token: str) -> Awaitable["User | None"]:
        """The user of a token, None when the token is of another sort.

        Raise UnauthorizedError when it is of this sort and not good.
        """
        ...


def authenticated(user: User) -> User:
    """The user as a member of the group of all who are known."""
    if AUTHENTICATED in user.groups or UNAUTHENTICATED in user.groups:
        return user
    return replace(user, groups=(*user.groups, AUTHENTICATED))


def unauthorized() -> UnauthorizedError:
    """The error for credentials nobody vouches for."""
    return UnauthorizedError("Unauthorized")


class Authentication:
    """The chain: certificate, static tokens, other tokens, nobody."""

    def __init__(
        self,
        *,
        tokens: Mapping[str, User] | None = None,
        others: Sequence[TokenAuthenticator] = (),
        anonymous: bool = True,
    ) -> None:
        self._tokens = {token: authenticated(user) for token, user in (tokens or {}).items()}
        self._others = others
        self._anonymous = anonymous

    def known(self, authorization: str) -> User | None:
        """The user of a static token, found without waiting."""
        return self._tokens.get(authorization[7:]) if authorization[:7] == "Bearer " else None

    async def user(self, authorization: str, certificate: User | None = None) -> User:
        """Who sends this Authorization header over this connection. Raise UnauthorizedError."""
        if certificate is not None:
            return authenticated(certificate)
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token:
            return await self.bearer(token)
        if not self._anonymous:
            raise unauthorized()
        return ANONYMOUS

    async def bearer(self, token: str) -> User:
        """Who holds this token. Raise UnauthorizedError."""
        user = self._tokens.get(token)
        if user is not None:
            return user
        for other in self._others:
            user = await other.authenticate(token)
            if user is not None:
                return authenticated(user)
        raise unauthorized()
