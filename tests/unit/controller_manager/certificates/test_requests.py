"""Which requests for certificates are approved, signed, refused and deleted."""

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from controller_manager.certificate_requests import parsed, wrong_for
from controller_manager.csrapproving.decide import NODE, SELF, permissions, review
from controller_manager.csrcleaner.decide import decide as clean
from controller_manager.csrsigning.decide import is_to_be_signed, lasts, refuse
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest
from knarr.daemon.certificates import Authority
from tests.builders import NOW
from tests.csr import CLIENT, KUBELET, SERVING, SERVING_USAGES, csr, request_pem

HOUR_S = 3600


class StandingClock:
    """It is always NOW."""

    def now(self):  # type: ignore[no-untyped-def]
        return NOW


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param(csr(), (NODE,), id="a host that joins"),
        pytest.param(csr(username="system:node:n1"), (SELF, NODE), id="a node for itself"),
        pytest.param(csr("Approved"), (), id="decided"),
        pytest.param(csr("Denied"), (), id="denied"),
        pytest.param(csr(signer=SERVING), (), id="serving certificates are people's to approve"),
        pytest.param(csr(pem=request_pem("admin")), (), id="no node"),
        pytest.param(csr(pem=request_pem(groups=("system:masters",))), (), id="another group"),
        pytest.param(csr(pem=request_pem(hosts=("h",))), (), id="with a host"),
        pytest.param(csr(usages=("client auth",)), (), id="other usages"),
        pytest.param(csr(pem=b"nothing"), (), id="no request"),
    ],
)
def test_what_an_approval_takes(found: CertificateSigningRequest, wanted: tuple[object]) -> None:
    assert permissions(found) == wanted


def test_asks_for_the_permission_of_who_asked() -> None:
    asked = review(csr(), NODE).spec
    assert asked.user == "system:bootstrap:abcdef"
    assert asked.resource_attributes is not None
    assert asked.resource_attributes.subresource == "nodeclient"
    assert asked.resource_attributes.verb == "create"


@pytest.mark.parametrize(
    ("signer", "pem", "usages", "wrong"),
    [
        (KUBELET, request_pem(), ("client auth", "digital signature", "key encipherment"), ""),
        (KUBELET, request_pem("x"), ("client auth", "digital signature"), "subject common name"),
        (KUBELET, request_pem(hosts=("1.2.3.4",)), ("client auth",), "IP subjectAltNames are not"),
        (SERVING, request_pem(hosts=("n1", "1.2.3.4")), SERVING_USAGES, ""),
        (SERVING, request_pem(), SERVING_USAGES, "DNS or IP subjectAltName is required"),
        (SERVING, request_pem(hosts=("n1", "a@b")), SERVING_USAGES, "email subjectAltNames"),
        (SERVING, request_pem(hosts=("n1",)), ("client auth",), "usages did not match"),
        (SERVING, request_pem(groups=(), hosts=("n1",)), SERVING_USAGES, "subject organization"),
        (CLIENT, request_pem("ann", groups=("dev",)), ("client auth",), ""),
        (CLIENT, request_pem("ann"), ("client auth", "server auth"), "usages did not match"),
        (CLIENT, request_pem("ann"), ("digital signature",), "usages did not match"),
        ("kubernetes.io/legacy-unknown", request_pem("x"), ("code signing",), ""),
    ],
)
def test_signers_have_their_rules(
    signer: str, pem: bytes, usages: tuple[str, ...], wrong: str
) -> None:
    request = parsed(csr(pem=pem))
    assert request is not None
    said = wrong_for(signer, request, usages)
    assert said.startswith(wrong) if wrong else said == ""


@pytest.mark.parametrize(
    ("found", "signs"),
    [
        pytest.param(csr("Approved"), True, id="approved"),
        pytest.param(csr(), False, id="pending"),
        pytest.param(csr("Approved", "Denied"), False, id="denied"),
        pytest.param(csr("Approved", "Failed"), False, id="failed"),
        pytest.param(csr("Approved", certificate="eA=="), False, id="signed"),
        pytest.param(csr("Approved", signer="example.com/own"), False, id="somebody else's"),
    ],
)
def test_what_is_signed(found: CertificateSigningRequest, signs: bool) -> None:
    assert is_to_be_signed(found) == signs


def test_a_refusal_is_written_down() -> None:
    plan = refuse(csr("Approved", pem=request_pem("x")))
    assert plan is not None
    assert isinstance(plan.status, CertificateSigningRequest)
    failed = plan.status.status.conditions[-1]
    assert (failed.type, failed.reason) == ("Failed", "SignerValidationFailure")
    assert refuse(csr("Approved")) is None


def test_lasts_as_long_as_asked_within_bounds() -> None:
    longest = timedelta(days=1)
    assert lasts(csr(), longest) == longest
    assert lasts(csr(expiration_s=7200), longest) == timedelta(hours=2)
    assert lasts(csr(expiration_s=10), longest) == timedelta(minutes=5)
    assert lasts(csr(expiration_s=99 * 86400), longest) == longest


def test_a_signed_certificate_says_what_was_asked(tmp_path: Path) -> None:
    authority = Authority.at(tmp_path, StandingClock())
    request = parsed(csr(pem=request_pem(hosts=("n1", "10.0.0.7"))))
    assert request is not None
    signed = x509.load_pem_x509_certificate(
        authority.sign(request, lasts=timedelta(hours=1), usages=SERVING_USAGES)
    )
    assert signed.subject == request.subject
    assert signed.not_valid_after_utc == NOW + timedelta(hours=1)
    extended = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(extended) == [ExtendedKeyUsageOID.SERVER_AUTH]
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["n1"]
    long = authority.sign(request, lasts=timedelta(days=99999))
    ends = x509.load_pem_x509_certificate(long).not_valid_after_utc
    assert ends <= NOW + timedelta(days=3651), "not longer than the authority itself"


def _certificate(tmp_path: Path, lasts_s: float) -> str:
    authority = Authority.at(tmp_path, StandingClock())
    request = parsed(csr())
    assert request is not None
    return base64.b64encode(authority.sign(request, lasts=timedelta(seconds=lasts_s))).decode()


@pytest.mark.parametrize(
    ("found", "again_after_s"),
    [
        pytest.param(csr(age_s=23 * HOUR_S), HOUR_S, id="pending for a day"),
        pytest.param(csr(age_s=24 * HOUR_S), None, id="too long pending"),
        pytest.param(csr("Denied", age_s=1800), 1800, id="denied"),
        pytest.param(csr("Denied", age_s=HOUR_S), None, id="denied an hour ago"),
        pytest.param(csr("Failed", age_s=HOUR_S), None, id="failed an hour ago"),
        pytest.param(csr("Approved", age_s=HOUR_S), 23 * HOUR_S, id="approved and not signed"),
    ],
)
def test_requests_go_in_time(found: CertificateSigningRequest, again_after_s: float | None) -> None:
    plan = clean(found, now=NOW)
    assert plan.again_after_s == again_after_s
    assert bool(plan.delete) == (again_after_s is None)


def test_an_issued_request_goes_after_an_hour_or_with_its_certificate(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path, 600)
    found = csr("Approved", certificate=certificate)
    assert clean(found, now=NOW).again_after_s == 600
    found = csr("Approved", certificate=_certificate(tmp_path, 86400), age_s=1800)
    assert clean(found, now=NOW).again_after_s == 1800
