"""Which claims a pod's ephemeral volumes need."""

from collections.abc import Mapping

from msgspec.structs import replace

from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.owners import controller_reference, is_controlled_by
from knarr.api.plan import Notice, Plan


def decide(pod: Pod, claims: Mapping[str, PersistentVolumeClaim]) -> Plan:
    """Make the claims that are missing. `claims` are those there are, by name."""
    if pod.metadata.deletion_timestamp is not None:
        return Plan()
    missing: list[PersistentVolumeClaim] = []
    notices: list[Notice] = []
    for volume in pod.spec.volumes:
        if volume.ephemeral is None or volume.ephemeral.volume_claim_template is None:
            continue
        name = f"{pod.metadata.name}-{volume.name}"
        claim = claims.get(name)
        template = volume.ephemeral.volume_claim_template
        if claim is None:
            metadata = replace(
                template.metadata,
                name=name,
                namespace=pod.metadata.namespace,
                owner_references=(controller_reference(pod),),
            )
            missing.append(PersistentVolumeClaim(metadata=metadata, spec=template.spec))
        elif not is_controlled_by(claim, pod.metadata.uid):
            message = (
                f'ephemeral volume {volume.name}: PVC "{claim.metadata.namespace}/{name}" was not '
                f'created for pod "{pod.metadata.namespace}/{pod.metadata.name}" '
                "(pod is not owner)"
            )
            notices.append(Notice(pod, "ConflictingPVC", message, type="Warning"))
    return Plan(ensure=tuple(missing), notices=tuple(notices))
