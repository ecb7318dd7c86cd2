"""What becomes of a volume."""

from datetime import datetime

from msgspec.structs import replace

from controller_manager.persistentvolume.claim import BOUND_BY_CONTROLLER
from controller_manager.persistentvolume.provisioning import PROVISIONED_BY, PROVISIONER
from knarr.api.core.persistent_volume import PersistentVolume
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.plan import Notice, Plan
from knarr.api.times import to_time


def decide_volume(
    volume: PersistentVolume, claim: PersistentVolumeClaim | None, *, now: datetime
) -> Plan:
    """Say whether a volume is free, and take it back when its claim is gone.

    `claim` is the one of the name that the volume names, whatever its uid.
    """
    reference = volume.spec.claim_ref
    if reference is None or not reference.uid:
        return _phase(volume, "Available", now)
    if claim is None or claim.metadata.uid != reference.uid:
        return _released(volume, now)
    if claim.spec.volume_name == volume.metadata.name:
        return _phase(volume, "Bound", now)
    if claim.spec.volume_name and BOUND_BY_CONTROLLER in volume.metadata.annotations:
        return Plan(update=(_free(volume),))  # The claim has found another one.
    return Plan()


def _phase(volume: PersistentVolume, phase: str, now: datetime, message: str = "") -> Plan:
    if volume.status.phase == phase:
        return Plan()
    status = replace(
        volume.status, phase=phase, message=message, last_phase_transition_time=to_time(now)
    )
    return Plan(status=replace(volume, status=status))


def _free(volume: PersistentVolume) -> PersistentVolume:
    annotations = dict(volume.metadata.annotations)
    annotations.pop(BOUND_BY_CONTROLLER, None)
    return replace(
        volume,
        metadata=replace(volume.metadata, annotations=annotations),
        spec=replace(volume.spec, claim_ref=None),
    )


def _released(volume: PersistentVolume, now: datetime) -> Plan:
    phase = volume.status.phase
    if phase not in ("Released", "Failed"):
        return _phase(volume, "Released", now)
    if phase == "Failed" or volume.spec.persistent_volume_reclaim_policy != "Delete":
        return Plan()
    if volume.metadata.deletion_timestamp is not None:
        return Plan()
    why = _kept_because(volume)
    return failed(volume, why, now) if why else Plan(delete=(volume,))


def failed(volume: PersistentVolume, why: str, now: datetime) -> Plan:
    """Say that a volume could not be deleted."""
    status = replace(
        volume.status, phase="Failed", message=why, last_phase_transition_time=to_time(now)
    )
    return Plan(
        status=replace(volume, status=status),
        notices=(Notice(volume, "VolumeFailedDelete", why, type="Warning"),),
    )


def _kept_because(volume: PersistentVolume) -> str:
    """Why a volume cannot be deleted here; empty when it can."""
    if volume.metadata.annotations.get(PROVISIONED_BY) == PROVISIONER:
        return ""
    if volume.spec.host_path is None:
        return "error getting deleter volume plugin for volume: no deletable volume plugin matched"
    path = volume.spec.host_path.path
    if path.startswith("/tmp/") and len(path) > len("/tmp/"):  # Kubernetes' own rule
        return ""
    return f"host_path deleter only supports /tmp/.+ but received provided {path}"
