"""TODO."""

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
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    type: str = ""
    """TODO."""
    status: str = ""
    """TODO."""


class PriorityLevelConfigurationStatus(ApiStruct):
    """TODO."""

    conditions: Annotated[
        tuple[PriorityLevelConfigurationCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """TODO."""


class PriorityLevelConfiguration(ApiStruct):
    """TODO."""

    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    spec: PriorityLevelConfigurationSpec = PriorityLevelConfigurationSpec(type="")
    """TODO."""
    status: PriorityLevelConfigurationStatus = PriorityLevelConfigurationStatus()
    """TODO."""
