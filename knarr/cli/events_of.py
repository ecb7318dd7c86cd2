"""The events that tell of an object."""

from typing import Any

from knarr.cli.selecting import Found
from knarr.cli.session import Session
from knarr.client.dynamic import Selection

Json = dict[str, Any]


def events_of(session: Session, found: Found) -> list[Json]:
    """The events about an object, oldest first."""
    metadata = found.object["metadata"]
    fields = [
        f"involvedObject.name={metadata['name']}",
        f"involvedObject.kind={found.kind.name}",
    ]
    if found.kind.name != "Node" and metadata.get("uid"):
        fields.append(f"involvedObject.uid={metadata['uid']}")
    if metadata.get("namespace"):
        fields.append(f"involvedObject.namespace={metadata['namespace']}")
    kind = session.resources.find("events")
    page = session.client.list(
        kind, metadata.get("namespace", ""), Selection(fields=",".join(fields))
    )
    return sorted(page.objects, key=last_seen)


def last_seen(event: Json) -> str:
    """When an event happened last."""
    series = event.get("series") or {}
    times = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event["metadata"].get("creationTimestamp"),
    )
    return str(next((time for time in times if time), ""))
