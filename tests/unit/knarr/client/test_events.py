"""What becomes of events before they are written."""

from datetime import UTC, datetime, timedelta

from knarr.api.core.event import Event, EventSource
from knarr.api.core.references import ObjectReference
from knarr.api.meta.object_meta import ObjectMeta
from knarr.client.events import BURST, REFILL_S, SIMILAR_MAX, Correlator

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def event(message: str, *, name: str = "web") -> Event:
    return Event(
        metadata=ObjectMeta(name=f"{name}.{message}", namespace="default"),
        involved_object=ObjectReference(kind="Pod", name=name, namespace="default", uid="1"),
        reason="Pulled",
        message=message,
        type="Normal",
        source=EventSource(component="kubelet"),
        count=1,
    )


def test_the_same_event_again_raises_the_count_of_the_first() -> None:
    correlator = Correlator()
    first = correlator.take_in(event("a"), NOON)
    again = correlator.take_in(event("a"), NOON + timedelta(seconds=5))
    assert first is not None
    assert not first.is_repeated
    assert again is not None
    assert again.is_repeated
    assert again.event.count == 2
    assert again.event.metadata.name == first.event.metadata.name


def test_events_of_two_objects_stay_apart() -> None:
    correlator = Correlator()
    correlator.take_in(event("a"), NOON)
    other = correlator.take_in(event("a", name="db"), NOON)
    assert other is not None
    assert not other.is_repeated


def test_many_that_differ_in_message_become_one() -> None:
    correlator = Correlator()
    decided = [correlator.take_in(event(f"m{n}"), NOON) for n in range(SIMILAR_MAX + 3)]
    lumped = [one.event for one in decided if one and one.event.message.startswith("(combined")]
    assert [one.count for one in lumped] == [1, 2, 3, 4]
    assert lumped[-1].message == f"(combined from similar events): m{SIMILAR_MAX + 2}"


def test_what_lies_far_apart_is_not_lumped() -> None:
    correlator = Correlator()
    for n in range(SIMILAR_MAX * 2):
        decided = correlator.take_in(event(f"m{n}"), NOON + timedelta(minutes=11 * n))
        assert decided is not None
        assert decided.event.message == f"m{n}"


def test_an_object_that_never_falls_silent_is_heard_less() -> None:
    correlator = Correlator()
    heard = [correlator.take_in(event("a"), NOON) is not None for _ in range(BURST + 5)]
    assert heard == [True] * BURST + [False] * 5
    later = correlator.take_in(event("a"), NOON + timedelta(seconds=REFILL_S + 1))
    assert later is not None
    assert later.event.count == BURST + 6
