"""What becomes of a claim."""

from collections.abc import Iterable

from msgspec.structs import replace
from msgspec.structs import replace as with_fields

from controller_manager.persistentvolume.matching import best_match, is_for, mismatch
from controller_manager.persistentvolume.provisioning import (
    PROVISIONED_BY,
    PROVISIONER,
    SELECTED_NODE,
    provision,
    reference_to,
)
from knarr.api import quantities
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimStatus,
)
from knarr.api.plan import Notice, Plan
from knarr.api.storage.storage_class import StorageClass
from knarr.api.storage_classes import class_of_claim

BIND_COMPLETED = "pv.kubernetes.io/bind-completed"
"""On a claim: it was bound once, so its volume holds data of its."""

BOUND_BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller"
"""On either: not people but this controller chose the other one."""


def decide_claim(
    claim: PersistentVolumeClaim,
    volume: PersistentVolume | None,
    candidates: Iterable[PersistentVolume],
    storage_class: StorageClass | None,
    *,
    root: str = "",
) -> Plan:
    """Bind a claim, or say what it waits for.

    `volume` is the one it names, `candidates` those of its class, `root` the
    folder in which volumes are made on demand.
    """
    if claim.metadata.deletion_timestamp is not None:
        return Plan()
    if BIND_COMPLETED in claim.metadata.annotations:
        return _bound(claim, volume)
    if claim.spec.volume_name:
        return _asked_for(claim, volume)
    waits = is_delayed(storage_class) and SELECTED_NODE not in claim.metadata.annotations
    found = best_match(claim, candidates, only_reserved=waits)
    if found is not None:
        return _bind(claim, found)
    if waits:
        message = "waiting for first consumer to be created before binding"
        return _pending(claim, Plan(notices=(Notice(claim, "WaitForFirstConsumer", message),)))
    if class_of_claim(claim):
        return _pending(claim, provision(claim, storage_class, root=root))
    message = "no persistent volumes available for this claim and no storage class is set"
    return _pending(claim, Plan(notices=(Notice(claim, "FailedBinding", message),)))


def is_delayed(storage_class: StorageClass | None) -> bool:
    """Whether claims of the class wait until a pod that uses them has a node."""
    return storage_class is not None and storage_class.volume_binding_mode == "WaitForFirstConsumer"


def _bound(claim: PersistentVolumeClaim, volume: PersistentVolume | None) -> Plan:
    if volume is None:
        return _lost(
            claim,
            "ClaimLost",
            "Bound claim has lost its PersistentVolume. Data on the volume is lost!",
        )
    if volume.spec.claim_ref is None:
        return Plan(update=(_with_claim(volume, claim),))
    if volume.spec.claim_ref.uid != claim.metadata.uid:
        return _lost(
            claim,
            "ClaimMisbound",
            "Two claims are bound to the same volume, this one is bound incorrectly",
        )
    if _grows(claim, volume):
        return _expanded(claim, volume)
    status = replace(
        claim.status,
        phase="Bound",
        access_modes=volume.spec.access_modes,
        capacity={"storage": volume.spec.capacity["storage"]},
    )
    return Plan(status=None if status == claim.status else replace(claim, status=status))


def _grows(claim: PersistentVolumeClaim, volume: PersistentVolume) -> bool:
    """Whether a claim asks for more than a volume has that was made here."""
    if volume.metadata.annotations.get(PROVISIONED_BY) != PROVISIONER:
        return False
    if claim.status.phase != "Bound" or claim.spec.resources is None:
        return False
    wanted = claim.spec.resources.requests["storage"]
    return quantities.compare(wanted, volume.spec.capacity["storage"]) > 0


def _expanded(claim: PersistentVolumeClaim, volume: PersistentVolume) -> Plan:
    """A folder is as large as its disk, so growing is a matter of saying so."""
    assert claim.spec.resources is not None, "only a claim that names a size grows"
    size = claim.spec.resources.requests["storage"]
    larger = replace(volume, spec=replace(volume.spec, capacity={"storage": size}))
    status = replace(claim.status, capacity={"storage": size})
    return Plan(
        update=(larger,),
        status=replace(claim, status=status),
        notices=(Notice(claim, "VolumeResizeSuccessful", "Resize volume succeeded"),),
    )


def _lost(claim: PersistentVolumeClaim, reason: str, message: str) -> Plan:
    if claim.status.phase == "Lost":
        return Plan()
    return Plan(
        status=replace(claim, status=PersistentVolumeClaimStatus(phase="Lost")),
        notices=(Notice(claim, reason, message, type="Warning"),),
    )


def _asked_for(claim: PersistentVolumeClaim, volume: PersistentVolume | None) -> Plan:
    """Bind the claim to the volume it names, if that can be."""
    if volume is None:
        return _pending(claim, Plan())
    name = volume.metadata.name
    if volume.spec.claim_ref is not None and not is_for(volume, claim):
        message = f'volume "{name}" already bound to a different claim.'
        notice = Notice(claim, "FailedBinding", message, type="Warning")
        return _pending(claim, Plan(notices=(notice,)))
    why = mismatch(claim, volume)
    if why:
        message = f'Cannot bind to requested volume "{name}": {why}'
        notice = Notice(claim, "VolumeMismatch", message, type="Warning")
        return _pending(claim, Plan(notices=(notice,)))
    return _bind(claim, volume)


def _bind(claim: PersistentVolumeClaim, volume: PersistentVolume) -> Plan:
    """Have each name the other; that both are Bound is told when both do."""
    annotations = {**claim.metadata.annotations, BIND_COMPLETED: "yes"}
    if not claim.spec.volume_name:
        annotations[BOUND_BY_CONTROLLER] = "yes"
    changed = replace(
        claim,
        metadata=replace(claim.metadata, annotations=annotations),
        spec=replace(claim.spec, volume_name=volume.metadata.name),
    )
    bound = _with_claim(volume, claim)
    return Plan(update=(*(() if bound == volume else (bound,)), changed))


def _with_claim(volume: PersistentVolume, claim: PersistentVolumeClaim) -> PersistentVolume:
    reference = volume.spec.claim_ref
    if reference is not None and reference.uid == claim.metadata.uid:
        return volume
    annotations = dict(volume.metadata.annotations)
    if reference is None:
        annotations[BOUND_BY_CONTROLLER] = "yes"
    return replace(
        volume,
        metadata=replace(volume.metadata, annotations=annotations),
        spec=replace(volume.spec, claim_ref=reference_to(claim)),
    )


def _pending(claim: PersistentVolumeClaim, plan: Plan) -> Plan:
    if claim.status.phase == "Pending":
        return plan
    status = replace(claim.status, phase="Pending")
    return with_fields(plan, status=replace(claim, status=status))
