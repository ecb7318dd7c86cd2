"""Whether a claim or volume that is to go may go."""

from collections.abc import Iterable

from msgspec.structs import replace

from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.plan import Plan
from knarr.api.pods import is_over

CLAIM_FINALIZER = "kubernetes.io/pvc-protection"
VOLUME_FINALIZER = "kubernetes.io/pv-protection"


def claims_of(pod: Pod) -> tuple[str, ...]:
    """The names of the claims that a pod uses, those made for it included."""
    names = []
    for volume in pod.spec.volumes:
        if volume.persistent_volume_claim is not None:
            names.append(volume.persistent_volume_claim.claim_name)
        elif volume.ephemeral is not None:
            names.append(f"{pod.metadata.name}-{volume.name}")
    return tuple(names)


def decide_claim(claim: PersistentVolumeClaim, pods: Iterable[Pod]) -> Plan:
    """Let a claim go when no pod with a node uses it; keep one that stays protected."""
    finalizers = claim.metadata.finalizers
    if claim.metadata.deletion_timestamp is None or CLAIM_FINALIZER not in finalizers:
        return Plan()
    if any(pod.spec.node_name and not is_over(pod) for pod in pods):
        return Plan()
    kept = tuple(each for each in finalizers if each != CLAIM_FINALIZER)
    return Plan(update=(replace(claim, metadata=replace(claim.metadata, finalizers=kept)),))


def decide_volume(volume: PersistentVolume) -> Plan:
    """Let a volume go when it is not bound."""
    finalizers = volume.metadata.finalizers
    if volume.metadata.deletion_timestamp is None or VOLUME_FINALIZER not in finalizers:
        return Plan()
    if volume.status.phase == "Bound":
        return Plan()
    kept = tuple(each for each in finalizers if each != VOLUME_FINALIZER)
    return Plan(update=(replace(volume, metadata=replace(volume.metadata, finalizers=kept)),))
