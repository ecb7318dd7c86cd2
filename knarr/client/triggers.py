"""From a change to the keys that should be looked at.

feed(queue, replica_sets)                    the object itself
feed(queue, pods, owner("ReplicaSet"))       who controls the pod, before or after
feed(queue, nodes, every(daemon_sets))       all of them
feed(queue, pods, each(claims_of_pod))       what a function says of the object
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from knarr.api.keys import Key
from knarr.api.structs import ApiStruct
from knarr.client.informer import Informer
from knarr.client.objects import controller_of, key_of, metadata_of
from knarr.client.queue import WorkQueue

T = TypeVar("T", bound=ApiStruct)
K = TypeVar("K", bound=Hashable)

Trigger = Callable[[T | None, T | None], Iterable[K]]
"""The keys to look at when an object changes from the first to the second."""


def itself(old: ApiStruct | None, new: ApiStruct | None) -> Iterable[Key]:
    """The key of the object that changed."""
    changed = new if new is not None else old
    assert changed is not None, "a change has an object before or after"
    return (key_of(changed),)


def owner(kind: str) -> Trigger[Any, Key]:
    """The key of the object of this kind that controls the changed one, before or after."""

    def key(obj: ApiStruct) -> Key | None:
        reference = controller_of(obj)
        if reference is None or reference.kind != kind:
            return None
        return Key(metadata_of(obj).namespace, reference.name)

    def keys(old: ApiStruct | None, new: ApiStruct | None) -> Iterable[Key]:
        before = key(old) if old is not None else None
        after = key(new) if new is not None else None
        if before == after:
            return (after,) if after is not None else ()
        return tuple(each for each in (before, after) if each is not None)

    return keys


def every(informer: Informer[Any]) -> Trigger[Any, Key]:
    """The keys of all objects of another informer."""

    def keys(old: ApiStruct | None, new: ApiStruct | None) -> Iterable[Key]:
        return tuple(informer.objects) if informer.is_listed else ()

    return keys


def each(function: Callable[[T], Iterable[K]]) -> Trigger[T, K]:
    """The keys that `function` names for the object before and after, each once."""

    def keys(old: T | None, new: T | None) -> Iterable[K]:
        if old is None:
            return function(new) if new is not None else ()
        before = function(old)
        if new is None:
            return before
        after = function(new)
        return after if before == after else dict.fromkeys((*before, *after))

    return keys


def feed(queue: WorkQueue[K], informer: Informer[T], trigger: Trigger[T, K] | None = None) -> None:
    """Add to the queue what the trigger names, for all that is there and for every change."""
    name: Trigger[T, Any] = trigger or itself

    def handler(old: T | None, new: T | None) -> None:
        for key in name(old, new):
            queue.add(key)

    informer.handle(handler)
