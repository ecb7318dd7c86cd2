"""Which requests are a kubelet's for its client certificate, and who must be allowed what."""

from msgspec import Struct

from controller_manager.certificate_requests import (
    KUBELET_CLIENT,
    KUBELET_SERVING,
    NODE_USER,
    NODES_GROUP,
    common_name,
    has,
    host_names,
    parsed,
    with_condition,
    wrong_for,
)
from knarr.api.authorization.access_review import (
    ResourceAttributes,
    SubjectAccessReview,
    SubjectAccessReviewSpec,
)
from knarr.api.certificates.certificate_signing_request import CertificateSigningRequest


class Permission(Struct, frozen=True):
    """A subresource that whoever asks must be allowed to create, and what is said then."""

    subresource: str
    message: str


SELF = Permission(
    "selfnodeclient",
    "Auto approving self kubelet client certificate after SubjectAccessReview.",
)
"""A node asks for its own next certificate."""

NODE = Permission(
    "nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."
)
"""Somebody, such as a host that joins, asks for a node's certificate."""


SERVING = Permission(
    "", "Auto approving kubelet serving certificate: a node asks for its own name."
)
"""Kubernetes leaves these to people; a cluster that says so approves them."""


def serves_itself(csr: CertificateSigningRequest) -> bool:
    """Whether a node asks for a serving certificate of its own name and no other."""
    if csr.spec.signer_name != KUBELET_SERVING or csr.status.certificate:
        return False
    if has(csr, "Approved") or has(csr, "Denied") or NODES_GROUP not in csr.spec.groups:
        return False
    request = parsed(csr)
    if request is None or wrong_for(KUBELET_SERVING, request, csr.spec.usages):
        return False
    name = common_name(request)
    own = name.removeprefix(NODE_USER)
    return csr.spec.username == name and host_names(request) == (own,)


def permissions(csr: CertificateSigningRequest) -> tuple[Permission, ...]:
    """What of who asks would do for an approval, the narrowest first; none: not ours to say."""
    if csr.spec.signer_name != KUBELET_CLIENT or csr.status.certificate:
        return ()
    if has(csr, "Approved") or has(csr, "Denied"):
        return ()
    request = parsed(csr)
    if request is None or wrong_for(KUBELET_CLIENT, request, csr.spec.usages):
        return ()
    return (SELF, NODE) if csr.spec.username == common_name(request) else (NODE,)


def review(csr: CertificateSigningRequest, permission: Permission) -> SubjectAccessReview:
    """The question whether who asks has this permission."""
    spec = csr.spec
    return SubjectAccessReview(
        spec=SubjectAccessReviewSpec(
            user=spec.username,
            uid=spec.uid,
            groups=spec.groups,
            extra=spec.extra,
            resource_attributes=ResourceAttributes(
                group="certificates.k8s.io",
                resource="certificatesigningrequests",
                verb="create",
                subresource=permission.subresource,
            ),
        )
    )


def approved(csr: CertificateSigningRequest, permission: Permission) -> CertificateSigningRequest:
    """The request, approved because of this permission."""
    return with_condition(csr, "Approved", "AutoApproved", permission.message)
