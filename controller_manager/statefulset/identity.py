"""The names of a StatefulSet's pods, and the pod and claims that belong to each."""

from collections.abc import Iterator

from msgspec.structs import replace

from controller_manager.pod_of import pod_of
from controller_manager.revisions import REVISION_LABEL, template_of
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.volume import Volume
from knarr.api.core.volume_source import PersistentVolumeClaimVolumeSource
from knarr.api.meta.object_meta import ObjectMeta

POD_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
"""The pod's own name, so that a Service can select one pod."""

POD_INDEX_LABEL = "apps.kubernetes.io/pod-index"
"""The pod's ordinal."""


def start_of(stateful_set: StatefulSet) -> int:
    """The first ordinal."""
    ordinals = stateful_set.spec.ordinals
    return (ordinals.start or 0) if ordinals is not None else 0


def ordinals_of(stateful_set: StatefulSet) -> range:
    """The ordinals that there are to be pods of."""
    assert stateful_set.spec.replicas is not None, "the server fills in spec.replicas"
    start = start_of(stateful_set)
    return range(start, start + stateful_set.spec.replicas)


def name_of(stateful_set: StatefulSet, ordinal: int) -> str:
    """The name of the pod with this ordinal."""
    return f"{stateful_set.metadata.name}-{ordinal}"


def ordinal_of(pod: Pod) -> int:
    """The number at the end of the pod's name, -1 when there is none."""
    _, dash, number = pod.metadata.name.rpartition("-")
    is_plain = number.isascii() and number.isdigit()
    return int(number) if dash and is_plain and str(int(number)) == number else -1


def is_member(stateful_set: StatefulSet, pod: Pod) -> bool:
    """Whether the pod's name says that it belongs to the StatefulSet."""
    ordinal = ordinal_of(pod)
    return ordinal >= 0 and pod.metadata.name == name_of(stateful_set, ordinal)


def revision_name(pod: Pod) -> str:
    """The name of the revision that the pod was made from."""
    return pod.metadata.labels.get(REVISION_LABEL, "")


def make_pod(stateful_set: StatefulSet, revision: ControllerRevision, ordinal: int) -> Pod:
    """Make the pod of an ordinal from the template of a revision."""
    name = name_of(stateful_set, ordinal)
    made = pod_of(
        stateful_set,
        template_of(revision),
        name=name,
        labels={
            POD_NAME_LABEL: name,
            POD_INDEX_LABEL: str(ordinal),
            REVISION_LABEL: revision.metadata.name,
        },
    )
    spec = replace(made.spec, hostname=name, subdomain=stateful_set.spec.service_name)
    return replace(made, spec=_with_claims(stateful_set, spec, ordinal))


def _with_claims(stateful_set: StatefulSet, spec: PodSpec, ordinal: int) -> PodSpec:
    if not stateful_set.spec.volume_claim_templates:
        return spec
    claimed = tuple(
        Volume(
            name=template.metadata.name,
            persistent_volume_claim=PersistentVolumeClaimVolumeSource(
                claim_name=claim_name(stateful_set, template, ordinal)
            ),
        )
        for template in stateful_set.spec.volume_claim_templates
    )
    names = {volume.name for volume in claimed}
    kept = tuple(volume for volume in spec.volumes if volume.name not in names)
    return replace(spec, volumes=(*claimed, *kept))


def has_identity(stateful_set: StatefulSet, pod: Pod) -> bool:
    """Whether the labels say the pod's name and ordinal."""
    labels = pod.metadata.labels
    return labels.get(POD_NAME_LABEL) == pod.metadata.name and labels.get(POD_INDEX_LABEL) == str(
        ordinal_of(pod)
    )


def identity_labels(pod: Pod) -> dict[str, str]:
    """The labels that a pod of its name carries."""
    return {POD_NAME_LABEL: pod.metadata.name, POD_INDEX_LABEL: str(ordinal_of(pod))}


def claim_name(stateful_set: StatefulSet, template: PersistentVolumeClaim, ordinal: int) -> str:
    """The name of the claim of a template for one ordinal."""
    return f"{template.metadata.name}-{name_of(stateful_set, ordinal)}"


def claim_names(stateful_set: StatefulSet, ordinal: int) -> Iterator[str]:
    """The names of the claims that a pod uses."""
    for template in stateful_set.spec.volume_claim_templates:
        yield claim_name(stateful_set, template, ordinal)


def claims_for(stateful_set: StatefulSet, ordinal: int) -> Iterator[PersistentVolumeClaim]:
    """The claims that a pod needs, as they are made."""
    selector = stateful_set.spec.selector
    labels = dict(selector.match_labels) if selector is not None else {}
    for template in stateful_set.spec.volume_claim_templates:
        yield PersistentVolumeClaim(
            metadata=ObjectMeta(
                name=claim_name(stateful_set, template, ordinal),
                namespace=stateful_set.metadata.namespace,
                labels={**template.metadata.labels, **labels},
                annotations=template.metadata.annotations,
                finalizers=template.metadata.finalizers,
            ),
            spec=template.spec,
        )
