"""TODO."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.core.event import EventSource
from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, MicroTime, Time
from knarr.api.structs import ApiStruct


class EventSeries(ApiStruct):
    """TODO."""

    count: Int32
    """TODO."""
    last_observed_time: MicroTime
    """TODO."""


class Event(ApiStruct):
    """TODO."""

    always: ClassVar[Mapping[str, str]] = {
        "deprecated_source": "{}",
        "deprecated_first_timestamp": "null",
        "deprecated_last_timestamp": "null",
    }
    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta = ObjectMeta()
    """TODO."""
    action: str = ""
    """TODO."""
    deprecated_count: Int32 = 0
    """TODO."""
    deprecated_first_timestamp: Time | None = None
    """TODO."""
    deprecated_last_timestamp: Time | None = None
    """TODO."""
    deprecated_source: EventSource | None = None
    """TODO."""
    event_time: MicroTime | None
    """TODO."""
    note: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    regarding: ObjectReference | None = None
    """TODO."""
    related: ObjectReference | None = None
    """TODO."""
    reporting_controller: str = ""
    """TODO."""
    reporting_instance: str = ""
    """TODO."""
    series: EventSeries | None = None
    """TODO."""
    type: str = ""
    """TODO."""
