"""The types of stateful set in apps."""

from typing import Annotated

from msgspec import field

from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import PodTemplateSpec
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Int32, IntOrString, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class RollingUpdateStatefulSetStrategy(ApiStruct):
    """How pods are replaced."""

    max_unavailable: IntOrString | None = None
    """How many pods may be unavailable meanwhile, as number or percentage. 1 when absent."""
    partition: Int32 | None = None
    """Pods with a number below this one keep the old template."""


class StatefulSetOrdinals(ApiStruct):
    """How pods are numbered."""

    start: Int32 | None = None
    """Number of the first pod."""


class StatefulSetPersistentVolumeClaimRetentionPolicy(ApiStruct):
    """What becomes of the claims."""

    when_deleted: str = ""
    """Retain or Delete, when the StatefulSet goes."""
    when_scaled: str = ""
    """Retain or Delete, when a pod is scaled away."""


class StatefulSetUpdateStrategy(ApiStruct):
    """How pods are replaced when the template changes."""

    rolling_update: RollingUpdateStatefulSetStrategy | None = None
    """How, for RollingUpdate."""
    type: str = ""
    """RollingUpdate or OnDelete. The server fills in RollingUpdate."""


class StatefulSetSpec(ApiStruct):
    """How many pods there should be, what they look like, and in which order they come and go."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    ordinals: StatefulSetOrdinals | None = None
    """How pods are numbered."""
    persistent_volume_claim_retention_policy: (
        StatefulSetPersistentVolumeClaimRetentionPolicy | None
    ) = None
    """What becomes of the claims."""
    pod_management_policy: str = ""
    """OrderedReady, or Parallel to wait for nothing. The server fills in OrderedReady."""
    replicas: Int32 | None = None
    """Number of pods."""
    revision_history_limit: Int32 | None = None
    """How many earlier revisions are kept. The server fills in 10."""
    selector: LabelSelector | None
    """Labels by which its pods are known; cannot be changed."""
    service_name: str = field(default_factory=str)
    """Headless Service under whose name the pods get DNS names."""
    template: PodTemplateSpec
    """What the pods look like."""
    update_strategy: StatefulSetUpdateStrategy = StatefulSetUpdateStrategy()
    """How pods are replaced when the template changes."""
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] = ()
    """Claims that each pod gets for itself."""


class StatefulSetCondition(ApiStruct):
    """One thing about how a StatefulSet is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """What the condition says."""
    status: str
    """What was observed last."""


class StatefulSetStatus(ApiStruct):
    """The most recently observed state."""

    available_replicas: Int32 = written(default=0)
    """Number of pods that have been ready for minReadySeconds."""
    collision_count: Int32 | None = None
    """How often the name of a revision was taken already."""
    conditions: Annotated[
        tuple[StatefulSetCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""
    current_replicas: Int32 = 0
    """Number of pods of the current revision."""
    current_revision: str = ""
    """Revision that pods had before the update under way."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    ready_replicas: Int32 = 0
    """Number of pods that are ready."""
    replicas: Int32
    """Number of pods."""
    update_revision: str = ""
    """Revision that pods get."""
    updated_replicas: Int32 = 0
    """Number of pods of the newest revision."""


class StatefulSet(ApiStruct):
    """Keeps pods that each have a name, an order and storage of their own."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: StatefulSetSpec = StatefulSetSpec(selector=None, template=PodTemplateSpec())
    """What is wanted."""
    status: StatefulSetStatus = StatefulSetStatus(replicas=0)
    """What was observed last."""
