"""Tokens by which hosts join, and those of ServiceAccounts that Secrets keep."""

import base64
from datetime import timedelta
from typing import Any

import pytest

from controller_manager.bootstrapsigner.decide import decide as sign_info
from controller_manager.serviceaccounttoken.decide import decide as fill_in
from controller_manager.tokencleaner.decide import decide as clean
from knarr.api.core.bootstrap_token import NAMESPACE, PREFIX, SECRET_TYPE, BootstrapToken, token_of
from knarr.api.core.config_map import ConfigMap
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan
from knarr.daemon.detached import is_signed, signature
from tests.builders import NOW


def encoded(texts: dict[str, str]) -> dict[str, str]:
    return {key: base64.b64encode(text.encode()).decode() for key, text in texts.items()}


def secret(token: BootstrapToken, **more: str) -> Secret:
    return Secret(
        metadata=ObjectMeta(name=PREFIX + token.id, namespace=NAMESPACE),
        type=SECRET_TYPE,
        data=encoded({**token.as_data(), **more}),
    )


TOKEN = BootstrapToken(
    id="abcdef",
    secret="0123456789abcdef",
    description="of a test",
    expires=NOW + timedelta(hours=1),
    usages=("authentication", "signing"),
    groups=("system:bootstrappers:x",),
)


def test_a_secret_says_what_its_token_is() -> None:
    assert token_of(secret(TOKEN)) == TOKEN
    assert token_of(Secret(metadata=ObjectMeta(name="x"), type=SECRET_TYPE)) is None
    unreadable = token_of(secret(TOKEN, expiration="tomorrow"))
    assert unreadable is not None
    assert unreadable.is_over(NOW), "a time that cannot be read is over"


def test_tokens_go_when_they_are_over() -> None:
    assert clean(secret(TOKEN), now=NOW).again_after_s == 3600
    late = NOW + timedelta(hours=2)
    assert clean(secret(TOKEN), now=late).delete == (secret(TOKEN),)
    assert clean(Secret(metadata=ObjectMeta(name="x")), now=late) == Plan()


def info(**data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="cluster-info", namespace="kube-public"), data=data)


def test_signs_what_hosts_read_first() -> None:
    (signed,) = sign_info(info(kubeconfig="text"), [secret(TOKEN)], now=NOW).update
    assert isinstance(signed, ConfigMap)
    found = signed.data["jws-kubeconfig-abcdef"]
    assert is_signed("text", found, TOKEN.id, TOKEN.secret)
    assert not is_signed("other", found, TOKEN.id, TOKEN.secret)
    assert not is_signed("text", found, TOKEN.id, "another0secret00")
    assert sign_info(signed, [secret(TOKEN)], now=NOW) == Plan(), "nothing to do twice"
    (bare,) = sign_info(signed, [], now=NOW).update
    assert isinstance(bare, ConfigMap)
    assert bare.data == {"kubeconfig": "text"}, "the signature goes with its token"


def test_signs_as_kubernetes_does() -> None:
    """A signature that kubeadm's documentation of the format leads to, computed by hand."""
    head, nothing, _ = signature("x", "abcdef", "s").split(".")
    assert base64.urlsafe_b64decode(head + "==") == b'{"alg":"HS256","kid":"abcdef"}'
    assert nothing == ""


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"usage-bootstrap-signing": "false"}, id="not for signing"),
        pytest.param({"expiration": "2000-01-01T00:00:00Z"}, id="over"),
    ],
)
def test_only_good_tokens_sign(change: dict[str, str]) -> None:
    assert sign_info(info(kubeconfig="text"), [secret(TOKEN, **change)], now=NOW) == Plan()


ACCOUNT = ServiceAccount(metadata=ObjectMeta(name="sa", namespace="ns", uid="u1"))


def account_secret(**annotations: str) -> Secret:
    prefix = "kubernetes.io/service-account."
    return Secret(
        metadata=ObjectMeta(
            name="s",
            namespace="ns",
            annotations={f"{prefix}name": "sa"}
            | {prefix + key: value for key, value in annotations.items()},
        ),
        type="kubernetes.io/service-account-token",
    )


def _sign(claims: Any) -> str:
    return f"token of {claims['sub']}"


def _fill_in(found: Secret, account: ServiceAccount | None = ACCOUNT) -> Plan:
    return fill_in(found, account, root_ca="CA", sign=_sign)


def test_fills_in_the_token_of_an_account() -> None:
    (filled,) = _fill_in(account_secret()).update
    assert isinstance(filled, Secret)
    token = "token of system:serviceaccount:ns:sa"
    assert filled.data == encoded({"ca.crt": "CA", "namespace": "ns", "token": token})
    assert filled.metadata.annotations["kubernetes.io/service-account.uid"] == "u1"
    assert _fill_in(filled) == Plan(), "once"


def test_a_secret_goes_with_its_account() -> None:
    assert _fill_in(account_secret(), None).delete
    assert _fill_in(account_secret(uid="of one before")).delete
    assert _fill_in(Secret(metadata=ObjectMeta(name="s"), type="Opaque"), None) == Plan()
