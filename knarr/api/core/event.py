"""TODO."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, MicroTime, Time
from knarr.api.structs import ApiStruct


class EventSeries(ApiStruct):
    """TODO."""

    count: Int32 = 0
    """TODO."""
    last_observed_time: MicroTime | None = None
    """TODO."""


class EventSource(ApiStruct):
    """TODO."""

    component: str = ""
    """TODO."""
    host: str = ""
    """TODO."""


class Event(ApiStruct):
    """TODO."""

    always: ClassVar[Mapping[str, str]] = {
        "source": "{}",
        "first_timestamp": "null",
        "last_timestamp": "null",
        "event_time": "null",
        "reporting_component": '""',
        "reporting_instance": '""',
    }
    api_version: str = ""
    """Group and version of this form, such as `apps/v1`."""
    kind: str = ""
    """Name of the kind, such as `Pod`."""
    metadata: ObjectMeta
    """TODO."""
    action: str = ""
    """TODO."""
    count: Int32 = 0
    """TODO."""
    event_time: MicroTime | None = None
    """TODO."""
    first_timestamp: Time | None = None
    """TODO."""
    involved_object: ObjectReference
    """TODO."""
    last_timestamp: Time | None = None
    """TODO."""
    message: str = ""
    """TODO."""
    reason: str = ""
    """TODO."""
    related: ObjectReference | None = None
    """TODO."""
    reporting_component: str = ""
    """TODO."""
    reporting_instance: str = ""
    """TODO."""
    series: EventSeries | None = None
    """TODO."""
    source: EventSource = EventSource()
    """TODO."""
    type: str = ""
    """TODO."""
