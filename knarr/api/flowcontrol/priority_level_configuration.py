"""The types of priority level configuration in flowcontrol."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ExemptPriorityLevelConfiguration(ApiStruct):
    """TODO."""

    lendable_percent: Int32 | None = None
    """TODO."""
    nominal_concurrency_shares: Int32 | None = None
    """TODO."""


class QueuingConfiguration(ApiStruct):
    """TODO."""

    hand_size: Int32 = 0
    """TODO."""
    queue_length_limit: Int32 = 0
    """TODO."""
    queues: Int32 = 0
    """TODO."""


class LimitResponse(ApiStruct):
    """TODO."""

    queuing: QueuingConfiguration | None = None
    """TODO."""
    type: str
    """TODO."""


class LimitedPriorityLevelConfiguration(ApiStruct):
    """TODO."""

    borrowing_limit_percent: Int32 | None = None
    """TODO."""
    lendable_percent: Int32 | None = None
    """TODO."""
    limit_response: LimitResponse | None = None
    """TODO."""
    nominal_concurrency_shares: Int32 | None = None
    """TODO."""


class PriorityLevelConfigurationSpec(ApiStruct):
    """TODO."""

    exempt: ExemptPriorityLevelConfiguration | None = None
    """TODO."""
    limited: LimitedPriorityLevelConfiguration | None = None
    """TODO."""
    type: str
    """TODO."""


class PriorityLevelConfigurationCondition(ApiStruct):
    """TODO."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str = ""
    """TODO."""
    status: str = ""
    """What was observed last."""


class PriorityLevelConfigurationStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[
        tuple[PriorityLevelConfigurationCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""


class PriorityLevelConfiguration(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """Name, namespace, labels and what else every object carries."""
    spec: PriorityLevelConfigurationSpec = PriorityLevelConfigurationSpec(type="")
    """What is wanted."""
    status: PriorityLevelConfigurationStatus = PriorityLevelConfigurationStatus()
    """What was observed last."""
