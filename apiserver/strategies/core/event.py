"""Rules of an Event."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.core.event import Event
from knarr.api.field_errors import FieldError, broken_names, invalid, required
from knarr.api.printing.core import event_row

WORD_CHARACTERS_MAX = 128
MESSAGE_CHARACTERS_MAX = 1024

_HOMES_OF_THE_HOMELESS = ("default", "kube-system")
"""Namespaces in which Events about cluster-wide objects lie."""


class EventRules(Strategy[Event]):
    """What holds for an Event."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def validate(self, obj: Event) -> Iterable[FieldError]:
        """It lies beside what it is about; one that says when says all."""
        if obj.event_time is None:
            return _validate_place(obj, ("", "default"))
        return _validate_whole(obj)

    def fields(self, obj: Event) -> Mapping[str, str]:
        """Events are selected by what they are about."""
        about = obj.involved_object
        return {
            "involvedObject.kind": about.kind,
            "involvedObject.namespace": about.namespace,
            "involvedObject.name": about.name,
            "involvedObject.uid": about.uid,
            "involvedObject.apiVersion": about.api_version,
            "involvedObject.resourceVersion": about.resource_version,
            "involvedObject.fieldPath": about.field_path,
            "reason": obj.reason,
            "reportingComponent": obj.reporting_component,
            "source": obj.source.component or obj.reporting_component,
            "type": obj.type,
        }

    def row(self, obj: Event, now: datetime) -> Sequence[Any]:
        """Last seen, type, reason, object, part, source, message, first seen, count, name."""
        return event_row(obj, now)


def _validate_place(event: Event, homes: tuple[str, ...]) -> Iterator[FieldError]:
    namespace, about = event.metadata.namespace, event.involved_object.namespace
    fits = namespace == about if about else namespace in homes
    if not fits:
        yield invalid("involvedObject.namespace", about, "does not match event.namespace")


def _validate_whole(event: Event) -> Iterator[FieldError]:
    yield from _validate_place(event, _HOMES_OF_THE_HOMELESS)
    component = event.reporting_component
    if not component:
        yield required("reportingComponent")
    yield from broken_names("reportingComponent", component, names.qualified_name(component))
    for name, word in (
        ("reportingInstance", event.reporting_instance),
        ("action", event.action),
        ("reason", event.reason),
    ):
        if not word:
            yield required(name)
        if len(word) > WORD_CHARACTERS_MAX:
            yield invalid(name, "", f"can have at most {WORD_CHARACTERS_MAX} characters")
    if len(event.message) > MESSAGE_CHARACTERS_MAX:
        yield invalid("message", "", f"can have at most {MESSAGE_CHARACTERS_MAX} characters")
