"""The types of priority level configuration in flowcontrol."""

from typing import Annotated

from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, Time
from knarr.api.structs import ApiStruct, ListMap, PatchMerge, written


class ExemptPriorityLevelConfiguration(ApiStruct):
    """A level whose requests never wait."""

    lendable_percent: Int32 | None = None
    """Part of its share that others may borrow."""
    nominal_concurrency_shares: Int32 | None = None
    """Its share of all requests at a time."""


class QueuingConfiguration(ApiStruct):
    """Queues in which requests wait."""

    hand_size: Int32 = 0
    """Queues a flow is dealt."""
    queue_length_limit: Int32 = 0
    """Most requests in a queue."""
    queues: Int32 = 0
    """Number of queues."""


class LimitResponse(ApiStruct):
    """What becomes of requests over the limit."""

    queuing: QueuingConfiguration | None = None
    """The queues, for Queue."""
    type: str
    """Queue or Reject."""


class LimitedPriorityLevelConfiguration(ApiStruct):
    """A level whose requests may have to wait."""

    borrowing_limit_percent: Int32 | None = None
    """How much it may borrow of others, in percent of its own share."""
    lendable_percent: Int32 | None = None
    """Part of its share that others may borrow."""
    limit_response: LimitResponse | None = None
    """What becomes of requests over the limit."""
    nominal_concurrency_shares: Int32 | None = None
    """Its share of all requests at a time."""


class PriorityLevelConfigurationSpec(ApiStruct):
    """What a level's requests may count on."""

    exempt: ExemptPriorityLevelConfiguration | None = None
    """For requests that never wait."""
    limited: LimitedPriorityLevelConfiguration | None = None
    """For requests that may have to."""
    type: str
    """Exempt or Limited."""


class PriorityLevelConfigurationCondition(ApiStruct):
    """One thing about how a level is."""

    last_transition_time: Time | None = written(default=None)
    """Moment the status last changed."""
    message: str = ""
    """Why, in words for people."""
    reason: str = ""
    """Why, in one word for programs."""
    type: str = ""
    """What the condition says."""
    status: str = ""
    """What was observed last."""


class PriorityLevelConfigurationStatus(ApiStruct):
    """How a level is."""

    conditions: Annotated[
        tuple[PriorityLevelConfigurationCondition, ...], ListMap("type"), PatchMerge("type")
    ] = ()
    """What holds and what does not, one entry a type."""


class PriorityLevelConfiguration(ApiStruct):
    """Shares the server's work out among requests."""

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
