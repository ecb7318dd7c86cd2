"""The types of event in events."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.core.event import EventSource
from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, MicroTime, Time
from knarr.api.structs import ApiStruct


class EventSeries(ApiStruct):
    """Counts an event that goes on."""

    count: Int32
    """How often it happened."""
    last_observed_time: MicroTime
    """Moment it happened last."""


class Event(ApiStruct):
    """Something that happened to an object, told by whoever saw it. Kept for an hour."""

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
    """Name, namespace, labels and what else every object carries."""
    action: str = ""
    """What was done or failed."""
    deprecated_count: Int32 = 0
    """How often it happened, in the old form."""
    deprecated_first_timestamp: Time | None = None
    """Moment it was first seen, in the old form."""
    deprecated_last_timestamp: Time | None = None
    """Moment it was last seen, in the old form."""
    deprecated_source: EventSource | None = None
    """Who reports it, in the old form."""
    event_time: MicroTime | None
    """Moment it was first seen, exactly."""
    note: str = ""
    """What happened, for people."""
    reason: str = ""
    """What happened, in one word, for programs."""
    regarding: ObjectReference | None = None
    """Object it is about."""
    related: ObjectReference | None = None
    """A second object that has to do with it."""
    reporting_controller: str = ""
    """Program that reports."""
    reporting_instance: str = ""
    """Which one of these programs."""
    series: EventSeries | None = None
    """Count of an event that goes on."""
    type: str = ""
    """Normal or Warning."""
