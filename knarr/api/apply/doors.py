"""Which fields a write through a kind's main address or a subresource leaves alone.

A manager cannot come to own what its write cannot change: the main address
leaves `status` to `/status`, and `/status` leaves `spec` to the main address.
"""

from collections.abc import Mapping

from knarr.api.apply.field_sets import FieldSet, paths
from knarr.api.kind import Kind

_STATUS = paths("status")
_SPEC = paths("spec")
_NOTHING: FieldSet = {}

_ODD: Mapping[tuple[str, str, str], FieldSet] = {
    ("", "pods", "status"): paths("spec", "metadata.deletionTimestamp", "metadata.ownerReferences"),
    ("apps", "deployments", "status"): paths("spec", "metadata.labels"),
    ("certificates.k8s.io", "certificatesigningrequests", ""): paths("status"),
    ("certificates.k8s.io", "certificatesigningrequests", "status"): paths("spec"),
    ("certificates.k8s.io", "certificatesigningrequests", "approval"): paths(
        "spec", "status.certificate"
    ),
}


def ignored(kind: Kind, subresource: str) -> FieldSet:
    """The fields that a write through this door cannot come to own."""
    odd = _ODD.get((kind.group, kind.plural, subresource))
    if odd is not None:
        return odd
    if not any(each.name == "status" for each in kind.subresources):
        return _NOTHING
    if subresource == "status":
        return _SPEC
    return _STATUS
