"""The two forms of an Event, made of each other. The store keeps that of core/v1."""

from knarr.api.core.event import Event as CoreEvent
from knarr.api.core.event import EventSeries as CoreSeries
from knarr.api.core.event import EventSource
from knarr.api.core.references import ObjectReference
from knarr.api.events.event import Event, EventSeries

FIELD_PREFIXES = {"regarding": "involvedObject", "reportingController": "reportingComponent"}
"""What selectors call a field there, and what it is called in core/v1."""


def to_core(event: Event) -> CoreEvent:
    """The form of core/v1."""
    series = event.series
    return CoreEvent(
        metadata=event.metadata,
        action=event.action,
        count=event.deprecated_count,
        event_time=event.event_time,
        first_timestamp=event.deprecated_first_timestamp,
        involved_object=event.regarding or ObjectReference(),
        last_timestamp=event.deprecated_last_timestamp,
        message=event.note,
        reason=event.reason,
        related=event.related,
        reporting_component=event.reporting_controller,
        reporting_instance=event.reporting_instance,
        series=(
            CoreSeries(count=series.count, last_observed_time=series.last_observed_time)
            if series is not None
            else None
        ),
        source=event.deprecated_source or EventSource(),
        type=event.type,
    )


def from_core(event: CoreEvent) -> Event:
    """The form of events.k8s.io."""
    series = event.series
    return Event(
        metadata=event.metadata,
        action=event.action,
        deprecated_count=event.count,
        deprecated_first_timestamp=event.first_timestamp,
        deprecated_last_timestamp=event.last_timestamp,
        deprecated_source=event.source,
        event_time=event.event_time,
        note=event.message,
        reason=event.reason,
        regarding=event.involved_object,
        related=event.related,
        reporting_controller=event.reporting_component,
        reporting_instance=event.reporting_instance,
        series=(
            EventSeries(count=series.count, last_observed_time=series.last_observed_time or "")
            if series is not None
            else None
        ),
        type=event.type,
    )
