"""Views of a stored kind in another version: Events and autoscalers.

Only the kinds of `_VIEWS` have one; all others pass through untouched.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from apiserver.registry.parts import Object
from apiserver.registry.request import ListPage
from apiserver.registry.resource import Resource
from apiserver.storage.entry import Entry, Event
from apiserver.strategies.autoscaling import conversion as autoscaler_forms
from apiserver.strategies.events import conversion as event_forms
from knarr.api.kind import Kind
from knarr.api.selectors import FieldRequirement, FieldSelector


class View(Struct, frozen=True):
    """How one version is made of another."""

    to_stored: Callable[[Any], Any]
    from_stored: Callable[[Any], Any]
    field_prefixes: Mapping[str, str]
    """What fields are called in selectors, and what they are called in the stored version."""


_VIEWS: Mapping[tuple[str, str, str], View] = {
    ("autoscaling", "v1", "horizontalpodautoscalers"): View(
        autoscaler_forms.to_v2, autoscaler_forms.to_v1, {}
    ),
    ("events.k8s.io", "v1", "events"): View(
        event_forms.to_core, event_forms.from_core, event_forms.FIELD_PREFIXES
    ),
}


def view_of(kind: Kind, resource: Resource) -> View | None:
    """The view through which a kind sees its resource, None where they are the same."""
    if kind.version == resource.kind.version and kind.group == resource.kind.group:
        return None
    return _VIEWS.get((kind.group, kind.version, kind.plural))


def stored_object(kind: Kind, resource: Resource, obj: Object) -> Object:
    """An object a client sent, in the version that is stored."""
    view = view_of(kind, resource)
    return obj if view is None else view.to_stored(obj)


def shown_object(kind: Kind, resource: Resource, obj: Object) -> Object:
    """A stored object in the version a client asks for."""
    view = view_of(kind, resource)
    return obj if view is None else view.from_stored(obj)


def entry_for(kind: Kind, resource: Resource, entry: Entry) -> Entry:
    """A stored entry in the version a client asks for."""
    view = view_of(kind, resource)
    if view is None:
        return entry
    obj = view.from_stored(entry.object)
    return Entry(
        key=entry.key,
        revision=entry.revision,
        json=resource.encode(obj),
        obj=obj,
        labels=entry.labels,
        fields=entry.fields,
    )


def page_for(kind: Kind, resource: Resource, page: ListPage) -> ListPage:
    """A page of stored entries in the version a client asks for."""
    if view_of(kind, resource) is None:
        return page
    entries = [entry_for(kind, resource, entry) for entry in page.entries]
    return ListPage(entries, page.revision, page.continue_token, page.remaining)


def events_for(
    kind: Kind, resource: Resource, events: AsyncIterator[Sequence[Event]]
) -> AsyncIterator[Sequence[Event]]:
    """A stream of stored entries in the version a client asks for."""
    if resource.viewing is not None:
        return _in_view(resource, events)
    if view_of(kind, resource) is None:
        return events
    return _converted(kind, resource, events)


async def _in_view(
    resource: Resource, batches: AsyncIterator[Sequence[Event]]
) -> AsyncIterator[Sequence[Event]]:
    async for events in batches:
        shown = iter(await resource.in_view([each.entry for each in events if each.entry]))
        yield [
            each if each.entry is None else Event(each.type, next(shown), each.revision)
            for each in events
        ]


async def _converted(
    kind: Kind, resource: Resource, batches: AsyncIterator[Sequence[Event]]
) -> AsyncIterator[Sequence[Event]]:
    async for events in batches:
        yield [_event_for(kind, resource, event) for event in events]


def _event_for(kind: Kind, resource: Resource, event: Event) -> Event:
    if event.entry is None:
        return event
    return Event(event.type, entry_for(kind, resource, event.entry), event.revision)


def stored_fields(kind: Kind, fields: FieldSelector) -> FieldSelector:
    """A field selector in the words of the stored version."""
    view = _VIEWS.get((kind.group, kind.version, kind.plural))
    if view is None or fields.is_everything:
        return fields
    return FieldSelector(
        FieldRequirement(_renamed(each.field, view), each.is_equal, each.value)
        for each in fields.requirements
    )


def _renamed(field: str, view: View) -> str:
    head, dot, rest = field.partition(".")
    return f"{view.field_prefixes.get(head, head)}{dot}{rest}"
