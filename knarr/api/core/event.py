"""The types of event in core/v1."""

from collections.abc import Mapping
from typing import ClassVar

from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.scalars import Int32, MicroTime, Time
from knarr.api.structs import ApiStruct


class EventSeries(ApiStruct):
    """Counts an event that goes on."""

    count: Int32 = 0
    """How often it happened."""
    last_observed_time: MicroTime | None = None
    """Moment it happened last."""


class EventSource(ApiStruct):
    """Who reports an event."""

    component: str = ""
    """Program that reports, such as kubelet."""
    host: str = ""
    """Node it runs on."""


class Event(ApiStruct):
    """Something that happened to an object, told by whoever saw it. Kept for an hour."""

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
    """Name, namespace, labels and what else every object carries."""
    action: str = ""
    """What was done or failed."""
    count: Int32 = 0
    """How often it happened."""
    event_time: MicroTime | None = None
    """Moment it was first seen, exactly."""
    first_timestamp: Time | None = None
    """Moment it was first seen."""
    involved_object: ObjectReference
    """Object it is about."""
    last_timestamp: Time | None = None
    """Moment it was last seen."""
    message: str = ""
    """What happened, for people."""
    reason: str = ""
    """What happened, in one word, for programs."""
    related: ObjectReference | None = None
    """A second object that has to do with it."""
    reporting_component: str = ""
    """Program that reports, such as kubernetes.io/kubelet."""
    reporting_instance: str = ""
    """Which one of these programs."""
    series: EventSeries | None = None
    """Count of an event that goes on."""
    source: EventSource = EventSource()
    """Who reports it, in the old form."""
    type: str = ""
    """Normal or Warning."""
