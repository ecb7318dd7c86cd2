"""Tokens of service accounts: made on request, bound to objects, good until they expire."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from apiserver.auth.rbac import SERVICE_ACCOUNT
from apiserver.registry.request import User
from knarr.api import times
from knarr.api.authentication.token_request import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
    TokenRequestStatus,
)
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import BadRequestError, ConflictError, NotFoundError
from knarr.api.field_errors import FieldError, invalid, invalid_error
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.status import StatusDetails
from knarr.api.structs import ApiStruct
from knarr.daemon.clock import Clock, UidSource
from knarr.daemon.jwt import BadTokenError, Signer, VerificationKey, peek, verify

DEFAULT_ISSUER = "https://kubernetes.default.svc"

EXPIRATION_S = 3600
"""How long a token is good when nobody asks for another time."""
EXPIRATION_S_MIN = 600
EXPIRATION_S_MAX = 1 << 32

POD_EXPIRATION_S = 3607
"""What pods' volumes ask for. Such tokens are good for a year, so that old clients that never
read the file again keep working; the kubelet renews the file every hour all the same."""
EXTENDED_EXPIRATION_S = 365 * 24 * 3600

_BINDABLE: Mapping[tuple[str, str], tuple[type[ApiStruct], str]] = {
    ("v1", "Pod"): (Pod, "pods"),
    ("v1", "Secret"): (Secret, "secrets"),
    ("v1", "Node"): (Node, "nodes"),
}
_EXTRA = "authentication.kubernetes.io/"


class Objects(Protocol):
    """Where the accounts and what tokens are bound to are looked up."""

    async def get_live(self, object_type: type[ApiStruct], namespace: str, name: str) -> Any | None:
        """An object as it is at this moment."""
        ...


class ServiceAccountTokens:
    """Makes tokens and believes them again."""

    def __init__(
        self,
        signer: Signer,
        objects: Objects,
        *,
        clock: Clock,
        new_uid: UidSource,
        issuer: str = DEFAULT_ISSUER,
        audiences: Sequence[str] = (),
        keys: Sequence[VerificationKey] = (),
    ) -> None:
        self._signer = signer
        self._objects = objects
        self._clock = clock
        self._new_uid = new_uid
        self.issuer = issuer
        self.audiences = tuple(audiences) or (issuer,)
        """For whom tokens are that say nothing else: this server."""
        self.keys = (signer.verification, *keys)

    async def request(self, namespace: str, name: str, asked: TokenRequest) -> TokenRequest:
        """Answer a TokenRequest for an account. Raise what is wrong with it."""
        account = await self._account(namespace, name)
        _check_name(name, namespace, asked)
        errors = list(_spec_errors(asked.spec))
        if errors:
            raise invalid_error("authentication.k8s.io", "TokenRequest", "", errors)
        spec = asked.spec
        bound = await self._bound(account, spec.bound_object_ref)
        lasts_s = spec.expiration_seconds or EXPIRATION_S
        audiences = spec.audiences or self.audiences
        extended = lasts_s == POD_EXPIRATION_S and audiences == self.audiences
        claims = self._claims(
            account,
            audiences,
            EXTENDED_EXPIRATION_S if extended else lasts_s,
            bound,
            warns_after_s=lasts_s if extended else 0,
        )
        until = self._clock.now() + timedelta(seconds=lasts_s)
        return TokenRequest(
            metadata=ObjectMeta(
                name=name,
                namespace=namespace,
                uid=account.metadata.uid,
                creation_timestamp=times.to_time(self._clock.now()),
            ),
            spec=TokenRequestSpec(
                audiences=audiences,
                expiration_seconds=lasts_s,
                bound_object_ref=spec.bound_object_ref,
            ),
            status=TokenRequestStatus(
                token=self._signer.sign(claims), expiration_timestamp=times.to_time(until)
            ),
        )

    async def _account(self, namespace: str, name: str) -> ServiceAccount:
        account = await self._objects.get_live(ServiceAccount, namespace, name)
        if account is None:
            raise _not_found("serviceaccounts", name)
        found: ServiceAccount = account
        return found

    async def _bound(
        self, account: ServiceAccount, ref: BoundObjectReference | None
    ) -> dict[str, Any]:
        """The claims about what the token is bound to."""
        if ref is None:
            return {}
        known = _BINDABLE.get((ref.api_version, ref.kind))
        if known is None:
            group, _, version = ref.api_version.rpartition("/")
            raise BadRequestError(
                f"cannot bind token to object of type {group}/{version}, Kind={ref.kind}"
            )
        object_type, plural = known
        namespace = "" if object_type is Node else account.metadata.namespace
        obj = await self._objects.get_live(object_type, namespace, ref.name)
        if obj is None:
            raise _not_found(plural, ref.name)
        _check_bound(account, ref, obj)
        claims = {ref.kind.lower(): {"name": ref.name, "uid": obj.metadata.uid}}
        if isinstance(obj, Pod) and obj.spec.node_name:
            node = await self._objects.get_live(Node, "", obj.spec.node_name)
            if node is not None:
                claims["node"] = {"name": node.metadata.name, "uid": node.metadata.uid}
        return claims

    def _claims(
        self,
        account: ServiceAccount,
        audiences: Sequence[str],
        lasts_s: int,
        bound: Mapping[str, Any],
        *,
        warns_after_s: int,
    ) -> dict[str, Any]:
        now = int(self._clock.now().timestamp())
        meta = account.metadata
        own: dict[str, Any] = {
            "namespace": meta.namespace,
            "serviceaccount": {"name": meta.name, "uid": meta.uid},
            **bound,
        }
        if warns_after_s:
            own["warnafter"] = now + warns_after_s
        return {
            "aud": list(audiences),
            "exp": now + lasts_s,
            "iat": now,
            "iss": self.issuer,
            "jti": self._new_uid(),
            "kubernetes.io": own,
            "nbf": now,
            "sub": f"{SERVICE_ACCOUNT}{meta.namespace}:{meta.name}",
        }

    async def authenticate(self, token: str) -> User | None:
        """The account of a token meant for this server, None when it is not to be believed."""
        found = await self.review(token, self.audiences)
        return found[0] if found is not None else None

    async def review(
        self, token: str, audiences: Sequence[str]
    ) -> tuple[User, tuple[str, ...]] | None:
        """The account of a token and for which of the audiences it is meant."""
        try:
            if peek(token).get("iss") != self.issuer:
                return None
            claims = verify(token, self.keys)
        except BadTokenError:
            return None
        meant_for = claims.get("aud") or ()
        if isinstance(meant_for, str):
            meant_for = (meant_for,)
        fitting = tuple(audience for audience in audiences if audience in meant_for)
        now = self._clock.now().timestamp()
        own = claims.get("kubernetes.io")
        if not fitting or not claims.get("nbf", 0) - 10 <= now < claims.get("exp", 0):
            return None
        if not isinstance(own, dict) or not await self._still_there(own):
            return None
        return _user(claims, own), fitting

    async def _still_there(self, own: Mapping[str, Any]) -> bool:
        namespace = own.get("namespace", "")
        bound: list[tuple[type[ApiStruct], str]] = [(ServiceAccount, "serviceaccount")]
        bound += [(Pod, "pod"), (Secret, "secret")]
        if "pod" not in own:
            bound.append((Node, "node"))
        for object_type, key in bound:
            ref = own.get(key)
            if ref is None:
                continue
            place = "" if object_type is Node else namespace
            obj = await self._objects.get_live(object_type, place, ref["name"])
            if obj is None or obj.metadata.uid != ref["uid"]:
                return False
        return "serviceaccount" in own


def service_account_groups(namespace: str) -> tuple[str, str]:
    """The groups that every account of a namespace is in."""
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def _user(claims: Mapping[str, Any], own: Mapping[str, Any]) -> User:
    extra = [(_EXTRA + "credential-id", (f"JTI={claims['jti']}",))] if claims.get("jti") else []
    for key in ("node", "pod"):
        if key in own:
            extra.append((f"{_EXTRA}{key}-name", (own[key]["name"],)))
            extra.append((f"{_EXTRA}{key}-uid", (own[key]["uid"],)))
    account = own["serviceaccount"]
    return User(
        name=f"{SERVICE_ACCOUNT}{own['namespace']}:{account['name']}",
        uid=account["uid"],
        groups=service_account_groups(own["namespace"]),
        extra=tuple(extra),
    )


def _spec_errors(spec: TokenRequestSpec) -> Sequence[FieldError]:
    seconds = spec.expiration_seconds
    if seconds is None:
        return ()
    field = "spec.expirationSeconds"
    if seconds < EXPIRATION_S_MIN:
        return (invalid(field, seconds, "may not specify a duration less than 10 minutes"),)
    if seconds > EXPIRATION_S_MAX:
        return (invalid(field, seconds, "may not specify a duration larger than 2^32 seconds"),)
    return ()


def _check_name(name: str, namespace: str, asked: TokenRequest) -> None:
    errors = []
    for field, wanted, given in (
        ("name", name, asked.metadata.name),
        ("namespace", namespace, asked.metadata.namespace),
    ):
        if given and given != wanted:
            detail = f"must match the service account {field} if specified"
            errors.append(invalid(f"metadata.{field}", given, detail))
    if errors:
        raise invalid_error("authentication.k8s.io", "TokenRequest", name, errors)


def _check_bound(account: ServiceAccount, ref: BoundObjectReference, obj: Any) -> None:
    name = account.metadata.name
    if isinstance(obj, Pod) and obj.spec.service_account_name != name:
        raise BadRequestError(
            f'cannot bind token for serviceaccount "{name}" to pod running with different '
            "serviceaccount name."
        )
    if ref.uid and ref.uid != obj.metadata.uid:
        raise ConflictError(
            f'Operation cannot be fulfilled on {ref.kind} "{ref.name}": the UID in the bound '
            f"object reference ({ref.uid}) does not match the UID in record. The object might "
            "have been deleted and then recreated",
            details=StatusDetails(name=ref.name, kind=ref.kind),
        )


def _not_found(plural: str, name: str) -> NotFoundError:
    return NotFoundError(
        f'{plural} "{name}" not found', details=StatusDetails(name=name, kind=plural)
    )
