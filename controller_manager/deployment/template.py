"""The ReplicaSet of a Deployment's current template, and the numbers of its revisions."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from controller_manager.deployment.replica_sets import DESIRED, MAX, by_age, size_marks
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetSpec
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.owners import controller_reference

HASH_LABEL = "pod-template-hash"
"""The label that tells the pods of one template from those of another."""

REVISION = "deployment.kubernetes.io/revision"
"""The number of a rollout, on the Deployment and on the ReplicaSet it made."""

REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
"""The earlier numbers of a ReplicaSet that was rolled back to."""

HISTORY_CHARACTERS_MAX = 2000
"""The longest such list; the oldest numbers leave it."""

ROLLBACK_TO = "deprecated.deployment.rollback.to"
"""The annotation that asks for the template of an earlier revision."""

_NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED,
        MAX,
        ROLLBACK_TO,
    }
)
"""Annotations that a Deployment does not hand down: each object has its own."""

_HASH_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of names made up by machines: no vowels, so that no word comes out."""

_HASH_LENGTH = 10


def hash_of(template: PodTemplateSpec, collision_count: int | None) -> str:
    """A short name of a template; another one for each collision."""
    text = msgspec.json.encode(template, enc_hook=str, order="sorted")
    salt = str(collision_count).encode() if collision_count is not None else b""
    number = int.from_bytes(blake2b(text, digest_size=8, salt=salt[:16]).digest())
    letters = []
    for _ in range(_HASH_LENGTH):
        number, letter = divmod(number, len(_HASH_LETTERS))
        letters.append(_HASH_LETTERS[letter])
    return "".join(letters)


def find_new(deployment: Deployment, replica_sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The oldest ReplicaSet of the current template, or None."""
    for replica_set in by_age(replica_sets):
        if is_same_template(replica_set.spec.template, deployment.spec.template):
            return replica_set
    return None


def is_same_template(one: PodTemplateSpec | None, other: PodTemplateSpec) -> bool:
    """Whether two templates differ by nothing but the hash."""
    return one is not None and _without_hash(one) == _without_hash(other)


def _without_hash(template: PodTemplateSpec) -> PodTemplateSpec:
    labels = template.metadata.labels
    if HASH_LABEL not in labels:
        return template
    kept = {key: value for key, value in labels.items() if key != HASH_LABEL}
    return replace(template, metadata=replace(template.metadata, labels=kept))


def revision_of(obj: Deployment | ReplicaSet) -> int:
    """The number of its rollout, 0 when it has none."""
    try:
        return int(obj.metadata.annotations.get(REVISION, "0"))
    except ValueError:
        return 0


def next_revision(old: Sequence[ReplicaSet]) -> int:
    """The number that the current template gets when `old` are the others."""
    return max(map(revision_of, old), default=0) + 1


def make_new(deployment: Deployment, *, revision: int, size: int) -> ReplicaSet:
    """Make the ReplicaSet of the current template."""
    template = deployment.spec.template
    template_hash = hash_of(template, deployment.status.collision_count)
    labels = {**template.metadata.labels, HASH_LABEL: template_hash}
    return ReplicaSet(
        metadata=ObjectMeta(
            name=f"{deployment.metadata.name}-{template_hash}",
            namespace=deployment.metadata.namespace,
            labels=labels,
            annotations={
                **_handed_down(deployment),
                REVISION: str(revision),
                **size_marks(deployment),
            },
            owner_references=(controller_reference(deployment),),
        ),
        spec=ReplicaSetSpec(
            replicas=size,
            min_ready_seconds=deployment.spec.min_ready_seconds,
            selector=_with_hash(deployment.spec.selector, template_hash),
            template=replace(template, metadata=replace(template.metadata, labels=labels)),
        ),
    )


def _with_hash(selector: LabelSelector | None, template_hash: str) -> LabelSelector:
    assert selector is not None, "validation asks for spec.selector"
    return replace(selector, match_labels={**selector.match_labels, HASH_LABEL: template_hash})


def brought_up_to_date(
    deployment: Deployment, replica_set: ReplicaSet, *, revision: int
) -> ReplicaSet:
    """The ReplicaSet of the current template with what its Deployment hands down."""
    annotations = {**replica_set.metadata.annotations, **_handed_down(deployment)}
    before = annotations.get(REVISION, "")
    if revision_of(replica_set) < revision:
        annotations[REVISION] = str(revision)
        if before:
            annotations[REVISION_HISTORY] = _longer_history(annotations, before)
    return replace(
        replica_set,
        metadata=replace(replica_set.metadata, annotations=annotations),
        spec=replace(replica_set.spec, min_ready_seconds=deployment.spec.min_ready_seconds),
    )


def _handed_down(deployment: Deployment) -> Mapping[str, str]:
    annotations = deployment.metadata.annotations
    return {key: value for key, value in annotations.items() if key not in _NOT_COPIED}


def _longer_history(annotations: Mapping[str, str], revision: str) -> str:
    history = [part for part in annotations.get(REVISION_HISTORY, "").split(",") if part]
    history.append(revision)
    while len(",".join(history)) > HISTORY_CHARACTERS_MAX:
        del history[0]
    return ",".join(history)


def taken_back(deployment: Deployment, target: ReplicaSet) -> Deployment:
    """The Deployment with the template and annotations of an earlier ReplicaSet."""
    assert target.spec.template is not None, "a Deployment's ReplicaSets have a template"
    own = deployment.metadata.annotations
    handed = target.metadata.annotations
    annotations = {
        **{key: value for key, value in own.items() if key in _NOT_COPIED},
        **{key: value for key, value in handed.items() if key not in _NOT_COPIED},
    }
    return replace(
        deployment,
        metadata=replace(deployment.metadata, annotations=annotations),
        spec=replace(deployment.spec, template=_without_hash(target.spec.template)),
    )
