"""Tokens: files of them, signed ones, those of service accounts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from apiserver.auth.service_account_tokens import ServiceAccountTokens
from apiserver.auth.token_file import read_tokens
from knarr.api.authentication.token_request import (
    BoundObjectReference,
    TokenRequest,
    TokenRequestSpec,
)
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ConflictError, InvalidError, NotFoundError
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.structs import ApiStruct
from knarr.daemon.jwt import BadTokenError, PrivateKey, Signer, verify
from knarr.daemon.settings import SettingsError

KEYS: dict[str, PrivateKey] = {
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "RS256": rsa.generate_private_key(65537, 2048),
}


def test_reads_a_token_file() -> None:
    users = read_tokens('t1,ann,1,"a,b"\n# nothing\nt2,bob,2\n')
    assert users["t1"].groups == ("a", "b")
    assert users["t2"].name == "bob"
    with pytest.raises(SettingsError, match="line 1"):
        read_tokens("alone\n")


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_signatures(key: PrivateKey) -> None:
    signer = Signer(key)
    token = signer.sign({"sub": "x"})
    assert verify(token, [signer.verification]) == {"sub": "x"}
    others = [Signer(other).verification for other in KEYS.values() if other is not key]
    with pytest.raises(BadTokenError):
        verify(token, others)
    head, payload, signature = token.split(".")
    with pytest.raises(BadTokenError):
        verify(f"{head}.{payload}x.{signature}", [signer.verification])
    with pytest.raises(BadTokenError):
        verify("eyJhbGciOiJub25lIn0.e30.", [signer.verification])


class Objects:
    """What there is, by type and name."""

    def __init__(self, *found: Any) -> None:
        self.found = {(type(obj), obj.metadata.name): obj for obj in found}

    async def get_live(self, object_type: type[ApiStruct], namespace: str, name: str) -> Any:
        return self.found.get((object_type, name))


class Watch:
    """A clock that stands still until told otherwise."""

    def __init__(self) -> None:
        self.time = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


ACCOUNT = ServiceAccount(metadata=ObjectMeta(name="sa", namespace="ns", uid="u1"))
POD = Pod(
    metadata=ObjectMeta(name="p", namespace="ns", uid="u2"),
    spec=PodSpec(containers=(), service_account_name="sa"),
)


def tokens(*found: Any) -> tuple[ServiceAccountTokens, Objects, Watch]:
    objects, clock = Objects(*found), Watch()
    signer = Signer(KEYS["ES256"])
    return (
        ServiceAccountTokens(signer, objects, clock=clock, new_uid=lambda: "jti"),
        objects,
        clock,
    )


async def test_a_token_is_good_until_it_expires() -> None:
    made, _, clock = tokens(ACCOUNT)
    answer = await made.request("ns", "sa", TokenRequest(spec=TokenRequestSpec()))
    user = await made.authenticate(answer.status.token)
    assert user is not None
    assert user.name == "system:serviceaccount:ns:sa"
    assert "system:serviceaccounts:ns" in user.groups
    clock.time += timedelta(hours=2)
    assert await made.authenticate(answer.status.token) is None


async def test_a_token_goes_with_its_pod() -> None:
    made, objects, _ = tokens(ACCOUNT, POD)
    ref = BoundObjectReference(api_version="v1", kind="Pod", name="p")
    answer = await made.request(
        "ns", "sa", TokenRequest(spec=TokenRequestSpec(bound_object_ref=ref))
    )
    assert await made.authenticate(answer.status.token) is not None
    del objects.found[Pod, "p"]
    assert await made.authenticate(answer.status.token) is None


async def test_a_token_for_others_is_not_for_us() -> None:
    made, _, _ = tokens(ACCOUNT)
    spec = TokenRequestSpec(audiences=("vault",))
    answer = await made.request("ns", "sa", TokenRequest(spec=spec))
    assert await made.authenticate(answer.status.token) is None
    assert await made.review(answer.status.token, ("vault", "x")) is not None


async def test_refuses_bad_requests() -> None:
    made, _, _ = tokens(ACCOUNT, POD)
    with pytest.raises(NotFoundError):
        await made.request("ns", "none", TokenRequest(spec=TokenRequestSpec()))
    with pytest.raises(InvalidError, match="less than 10 minutes"):
        await made.request("ns", "sa", TokenRequest(spec=TokenRequestSpec(expiration_seconds=5)))
    ref = BoundObjectReference(api_version="v1", kind="Pod", name="p", uid="old")
    with pytest.raises(ConflictError, match="does not match the UID in record"):
        await made.request("ns", "sa", TokenRequest(spec=TokenRequestSpec(bound_object_ref=ref)))
