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
    """TODO."""

    max_unavailable: IntOrString | None = None
    """TODO."""
    partition: Int32 | None = None
    """TODO."""


class StatefulSetOrdinals(ApiStruct):
    """TODO."""

    start: Int32 | None = None
    """TODO."""


class StatefulSetPersistentVolumeClaimRetentionPolicy(ApiStruct):
    """TODO."""

    when_deleted: str = ""
    """TODO."""
    when_scaled: str = ""
    """TODO."""


class StatefulSetUpdateStrategy(ApiStruct):
    """TODO."""

    rolling_update: RollingUpdateStatefulSetStrategy | None = None
    """TODO."""
    type: str = ""
    """TODO."""


class StatefulSetSpec(ApiStruct):
    """TODO."""

    min_ready_seconds: Int32 = 0
    """Seconds a pod must be ready, none of its containers crashing, before it counts as available.
    """
    ordinals: StatefulSetOrdinals | None = None
    """TODO."""
    persistent_volume_claim_retention_policy: (
        StatefulSetPersistentVolumeClaimRetentionPolicy | None
    ) = None
    """TODO."""
    pod_management_policy: str = ""
    """TODO."""
    replicas: Int32 | None = None
    """Number of pods."""
    revision_history_limit: Int32 | None = None
    """TODO."""
    selector: LabelSelector | None
    """TODO."""
    service_name: str = field(default_factory=str)
    """TODO."""
    template: PodTemplateSpec
    """What the pods look like."""
    update_strategy: StatefulSetUpdateStrategy = StatefulSetUpdateStrategy()
    """TODO."""
    volume_claim_templates: tuple[PersistentVolumeClaim, ...] = ()
    """TODO."""


class StatefulSetCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str
    """TODO."""
    status: str
    """What was observed last."""


class StatefulSetStatus(ApiStruct):
    """TODO."""

    available_replicas: Int32 = 0
    """Number of pods that have been ready for minReadySeconds."""
    collision_count: Int32 | None = None
    """TODO."""
    conditions: Annotated[
        tuple[StatefulSetCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""
    current_replicas: Int32 = 0
    """TODO."""
    current_revision: str = ""
    """TODO."""
    observed_generation: int = 0
    """The generation of the spec that this tells of."""
    ready_replicas: Int32 = 0
    """Number of pods that are ready."""
    replicas: Int32
    """Number of pods."""
    update_revision: str = ""
    """TODO."""
    updated_replicas: Int32 = 0
    """TODO."""


class StatefulSet(ApiStruct):
    """TODO."""

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
