"""Acts for another user on request, as far as the one who asks may.

Two ways lead there: rules that constrain for what one may act for others
(`impersonate-on:…`), and the old verb `impersonate`. A refusal is worded by
the way that the same user last came through.
"""

from collections.abc import Mapping
from urllib.parse import unquote

from multidict import CIMultiDict, CIMultiDictProxy

from apiserver.admission.node_restriction import NODE_USER
from apiserver.auth.attributes import Attributes
from apiserver.auth.authenticate import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED
from apiserver.auth.gate import Authorization
from apiserver.auth.rbac import SERVICE_ACCOUNT
from apiserver.auth.service_account_tokens import service_account_groups
from apiserver.registry.request import User
from knarr.api.errors import BadRequestError, ForbiddenError

USER, UID, GROUP, EXTRA = (
    "Impersonate-User",
    "Impersonate-Uid",
    "Impersonate-Group",
    "Impersonate-Extra-",
)
REMEMBERED_MAX = 10_000
"""Users whose way is remembered; then all are forgotten, which only changes wordings."""

Headers = Mapping[str, str] | CIMultiDict[str] | CIMultiDictProxy[str]
_AUTHENTICATION = "authentication.k8s.io"


class Impersonation:
    """Decides who may act for whom."""

    def __init__(self, gate: Authorization) -> None:
        self._gate = gate
        self._came_the_old_way: set[str] = set()

    def user(self, asked: Attributes, headers: CIMultiDictProxy[str]) -> User:
        """For whom the request is made. Raise ForbiddenError, BadRequestError."""
        wanted = wanted_user(headers)
        if wanted is None:
            return asked.user
        constrained = self._constrained(asked, wanted)
        if constrained is None:
            self._came_the_old_way.discard(asked.user.name)
            return completed(wanted)
        old = self._unconstrained(asked.user, wanted)
        if old is None:
            if len(self._came_the_old_way) >= REMEMBERED_MAX:
                self._came_the_old_way.clear()
            self._came_the_old_way.add(asked.user.name)
            return completed(wanted)
        raise old if asked.user.name in self._came_the_old_way else constrained

    def _constrained(self, asked: Attributes, wanted: User) -> ForbiddenError | None:
        mode = _mode(wanted)
        refused = self._gate.refused(asked._replace(verb=f"impersonate-on:{mode}:{asked.verb}"))
        if refused is not None:
            return refused
        for one in _identities(asked.user, wanted, f"impersonate:{mode}", _AUTHENTICATION):
            refused = self._gate.refused(one)
            if refused is not None:
                return refused
        return None

    def _unconstrained(self, by: User, wanted: User) -> ForbiddenError | None:
        for one in _identities(by, wanted, "impersonate", ""):
            refused = self._gate.refused(one)
            if refused is not None:
                return refused
        return None


def wanted_user(headers: CIMultiDictProxy[str]) -> User | None:
    """The user that the headers name, None when they name none. Raise BadRequestError."""
    name = headers.get(USER, "")
    uid = headers.get(UID, "")
    groups = tuple(headers.getall(GROUP, ()))
    extra: dict[str, list[str]] = {}
    for key, value in headers.items():
        if key.title().startswith(EXTRA):
            extra.setdefault(unquote(key[len(EXTRA) :].lower()), []).append(value)
    if not name:
        if uid or groups or extra:
            raise BadRequestError(
                f"requested {_as_go(name, uid, groups, extra)} without impersonating a user name"
            )
        return None
    return User(
        name=name,
        uid=uid,
        groups=groups,
        extra=tuple((key, tuple(values)) for key, values in extra.items()),
    )


def _as_go(name: str, uid: str, groups: tuple[str, ...], extra: Mapping[str, list[str]]) -> str:
    """The user as Kubernetes' message prints it."""
    listed = "[]string{" + ", ".join(f'"{group}"' for group in groups) + "}" if groups else ""
    pairs = ", ".join(
        f'"{key}":[]string{{' + ", ".join(f'"{one}"' for one in values) + "}"
        for key, values in extra.items()
    )
    return (
        f'&user.DefaultInfo{{Name:"{name}", UID:"{uid}", Groups:{listed or "[]string(nil)"}, '
        f"Extra:map[string][]string{'{' + pairs + '}' if pairs else '(nil)'}}}"
    )


def completed(user: User) -> User:
    """The user with the groups that come by themselves."""
    groups = user.groups
    account = _service_account(user.name)
    if account and not groups:
        groups = service_account_groups(account[0])
    own = UNAUTHENTICATED if user.name == ANONYMOUS.name else AUTHENTICATED
    if own not in groups and AUTHENTICATED not in groups and UNAUTHENTICATED not in groups:
        groups = (*groups, own)
    return User(name=user.name, uid=user.uid, groups=groups, extra=user.extra)


def _service_account(name: str) -> tuple[str, str] | None:
    if not name.startswith(SERVICE_ACCOUNT):
        return None
    namespace, _, account = name.removeprefix(SERVICE_ACCOUNT).partition(":")
    return (namespace, account) if account else None


def _mode(wanted: User) -> str:
    if wanted.name.startswith(NODE_USER):
        return "arbitrary-node"
    if _service_account(wanted.name) is not None:
        return "serviceaccount"
    return "user-info"


def _identities(by: User, wanted: User, verb: str, group: str) -> list[Attributes]:
    """Everything that acting for a user takes on, one question each."""
    account = _service_account(wanted.name)
    if account is not None:
        namespace, name = account
        asked = [
            Attributes(
                by, verb, group=group, resource="serviceaccounts", namespace=namespace, name=name
            )
        ]
    elif group and wanted.name.startswith(NODE_USER):
        name = wanted.name.removeprefix(NODE_USER)
        asked = [Attributes(by, verb, group=group, resource="nodes", name=name)]
    else:
        asked = [Attributes(by, verb, group=group, resource="users", name=wanted.name)]
    if wanted.uid:
        asked.append(Attributes(by, verb, group=_AUTHENTICATION, resource="uids", name=wanted.uid))
    asked += [
        Attributes(by, verb, group=group, resource="groups", name=one) for one in wanted.groups
    ]
    asked += [
        Attributes(
            by, verb, group=_AUTHENTICATION, resource="userextras", subresource=key, name=value
        )
        for key, values in wanted.extra
        for value in values
    ]
    return asked
