"""Rules of a CertificateSigningRequest."""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography import x509
from msgspec.structs import replace

from apiserver.strategies.certificates.conditions import conditions, kept_conditions, stamped
from apiserver.strategies.strategy import Context, Strategy
from knarr.api import names
from knarr.api.certificates.certificate_signing_request import (
    CertificateSigningRequest,
    CertificateSigningRequestSpec,
    CertificateSigningRequestStatus,
)
from knarr.api.field_errors import (
    FieldError,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
)
from knarr.api.printing.cluster import certificate_signing_request_row

EXPIRATION_S_MIN = 600
LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
DOMAIN_MAX = 253
PATH_MAX = 317
USAGES = frozenset(
    {
        "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign",
        "data encipherment", "decipher only", "digital signature", "email protection",
        "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement",
        "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
        "server auth", "signing", "timestamping",
    }
)  # fmt: skip
_PEM = re.compile(rb"-----BEGIN ([A-Z ]+)-----\s.*?-----END \1-----", re.S)


class CertificateSigningRequestRules(Strategy[CertificateSigningRequest]):
    """What holds for a CertificateSigningRequest."""

    has_generation = False

    def prepare_for_create(
        self, obj: CertificateSigningRequest, context: Context
    ) -> CertificateSigningRequest:
        """Who asks is who sent the request."""
        spec = replace(
            obj.spec,
            username=context.user,
            uid=context.uid,
            groups=context.groups,
            extra=dict(context.extra),
        )
        return replace(obj, spec=spec)

    def prepare_for_update(
        self, obj: CertificateSigningRequest, old: CertificateSigningRequest, context: Context
    ) -> CertificateSigningRequest:
        """What is asked for stays."""
        return replace(obj, spec=old.spec)

    def prepare_for_status_update(
        self, obj: CertificateSigningRequest, old: CertificateSigningRequest, context: Context
    ) -> CertificateSigningRequest:
        """Approvals come by `approval`, all else by `status`."""
        if context.subresource == "approval":
            status = replace(old.status, conditions=obj.status.conditions)
        else:
            kept = kept_conditions(obj.status.conditions, old.status.conditions)
            status = replace(obj.status, conditions=kept)
        times = stamped(status.conditions, old.status.conditions, context.now)
        return replace(obj, spec=old.spec, status=replace(status, conditions=times))

    def validate(self, obj: CertificateSigningRequest) -> Iterable[FieldError]:
        """The request can be read and asks for what there is."""
        return _all(obj)

    def validate_update(
        self, obj: CertificateSigningRequest, old: CertificateSigningRequest
    ) -> Iterable[FieldError]:
        """Nothing beyond what holds for every request."""
        return ()

    def validate_status_update(
        self, obj: CertificateSigningRequest, old: CertificateSigningRequest
    ) -> Iterable[FieldError]:
        """What is decided stays decided."""
        yield from conditions(obj.status.conditions, "status.conditions")
        if obj.status.certificate != old.status.certificate:
            yield from _certificate(obj.status, old.status, "status.certificate")
        for kind in ("Approved", "Denied", "Failed"):
            count = sum(each.type == kind for each in obj.status.conditions)
            if count < sum(each.type == kind for each in old.status.conditions):
                yield forbidden(
                    "status.conditions", f'updates may not remove a condition of type "{kind}"'
                )

    def fields(self, obj: CertificateSigningRequest) -> Mapping[str, str]:
        """Signers look for what they are asked."""
        return {"spec.signerName": obj.spec.signer_name}

    def row(self, obj: CertificateSigningRequest, now: datetime) -> Sequence[Any]:
        """Name, age, signer, who asks, for how long, condition."""
        return certificate_signing_request_row(obj, now)


def _all(obj: CertificateSigningRequest) -> Iterator[FieldError]:
    spec = obj.spec
    yield from _request(spec, "spec.request")
    if not spec.usages:
        yield required("spec.usages")
    for i, usage in enumerate(spec.usages):
        if usage not in USAGES:
            yield not_supported(f"spec.usages[{i}]", usage, USAGES)
        if usage in spec.usages[:i]:
            yield duplicate(f"spec.usages[{i}]", usage)
    if spec.signer_name == LEGACY_SIGNER:
        yield invalid(
            "spec.signerName",
            spec.signer_name,
            "the legacy signerName is not allowed via this API version",
        )
    else:
        yield from signer_name(spec.signer_name, "spec.signerName")
    if spec.expiration_seconds is not None and spec.expiration_seconds < EXPIRATION_S_MIN:
        yield invalid(
            "spec.expirationSeconds",
            spec.expiration_seconds,
            "may not specify a duration less than 600 seconds (10 minutes)",
        )


def _request(spec: CertificateSigningRequestSpec, path: str) -> Iterator[FieldError]:
    told = spec.request if spec.request or spec.usages or spec.signer_name else None
    data = _decoded(spec.request)
    block = _PEM.search(data)
    if block is None or block.group(1) != b"CERTIFICATE REQUEST":
        yield invalid(path, told, "PEM block type must be CERTIFICATE REQUEST")
        return
    try:
        x509.load_pem_x509_csr(block.group(0))
    except ValueError as error:
        yield invalid(path, told, f"asn1: structure error: {error}")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b""


def _certificate(
    status: CertificateSigningRequestStatus, old: CertificateSigningRequestStatus, path: str
) -> Iterator[FieldError]:
    if old.certificate:
        yield forbidden(path, "updates may not modify existing certificate content")
        return
    blocks = _PEM.findall(_decoded(status.certificate))
    if not any(kind == b"CERTIFICATE" for kind in blocks):
        yield invalid(path, "<certificate data>", "must contain at least one CERTIFICATE PEM block")
    elif any(kind != b"CERTIFICATE" for kind in blocks):
        wrong = next(kind for kind in blocks if kind != b"CERTIFICATE").decode()
        yield invalid(
            path,
            "<certificate data>",
            f'only CERTIFICATE PEM blocks are allowed, found "{wrong}"',
        )


def signer_name(name: str, path: str) -> Iterator[FieldError]:
    """A domain and a path, such as `example.com/signer-name`."""
    if not name:
        yield required(path)
        return
    domain, _, rest = name.partition("/")
    if name.count("/") != 1:
        yield invalid(
            path,
            name,
            "must be a fully qualified domain and path of the form 'example.com/signer-name'",
        )
        return
    if len(domain) > DOMAIN_MAX:
        yield too_long(path, DOMAIN_MAX)
    labels = domain.split(".")
    yield from _labels(domain, labels, path, names.dns_label)
    if len(labels) < 2:
        yield invalid(
            path, domain, "should be a domain with at least two segments separated by dots"
        )
    yield from _labels(rest, rest.split("."), path, names.dns_subdomain)
    if len(rest) > PATH_MAX:
        yield too_long(path, PATH_MAX)


def _labels(whole: str, labels: Sequence[str], path: str, rule: Any) -> Iterator[FieldError]:
    """The first label that is none; more would say the same."""
    for label in labels:
        broken = rule(label)
        yield from (invalid(path, whole, f'validating label "{label}": {told}') for told in broken)
        if broken:
            return
