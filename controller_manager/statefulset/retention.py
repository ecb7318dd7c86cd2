"""Who owns a claim, so that the garbage collector removes or keeps it as the policy says.

With `whenDeleted: Delete` a claim belongs to the StatefulSet; with
`whenScaled: Delete` that of a surplus pod belongs to the pod. A claim that
somebody else controls is left alone.
"""

from collections.abc import Iterable

from msgspec.structs import replace

from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.owners import controller_reference


def owners_wanted(
    stateful_set: StatefulSet, *, pod: Pod | None, is_surplus: bool
) -> tuple[OwnerReference, ...]:
    """Who of the two is to own the claims of a pod."""
    policy = stateful_set.spec.persistent_volume_claim_retention_policy
    when_deleted = policy is not None and policy.when_deleted == "Delete"
    when_scaled = policy is not None and policy.when_scaled == "Delete"
    if when_scaled and is_surplus:
        return (controller_reference(pod),) if pod is not None else ()
    return (controller_reference(stateful_set),) if when_deleted else ()


def owned_as(
    claim: PersistentVolumeClaim,
    wanted: tuple[OwnerReference, ...],
    stateful_set: StatefulSet,
    pod: Pod | None,
) -> PersistentVolumeClaim | None:
    """The claim with the owners it is to have; None when nothing is to be changed."""
    ours = {stateful_set.metadata.uid}
    if pod is not None:
        ours.add(pod.metadata.uid)
    references = claim.metadata.owner_references
    if any(each.controller and each.uid not in ours for each in references):
        return None
    kept = tuple(each for each in references if each.uid not in ours)
    if {each.uid for each in references} - {each.uid for each in kept} == {
        each.uid for each in wanted
    }:
        return None
    return replace(claim, metadata=replace(claim.metadata, owner_references=(*kept, *wanted)))


def is_stale(claim: PersistentVolumeClaim, pod_name: str) -> bool:
    """Whether the claim belongs to an earlier pod of this name and so is about to go."""
    references: Iterable[OwnerReference] = claim.metadata.owner_references
    return any(each.kind == "Pod" and each.name == pod_name for each in references)
