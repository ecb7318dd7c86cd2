"""What becomes of an object, given how its owners fare."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from controller_manager.garbagecollector.graph import (
    FOREGROUND,
    ORPHAN,
    Item,
    blocks,
    others,
)
from knarr.api.codec import to_plain
from knarr.api.meta.object_meta import OwnerReference
from knarr.api.meta.options import DeleteOptions
from knarr.api.plan import Notice, Patch, Plan

OwnerState = Literal["there", "gone", "waiting", "elsewhere", "unknown"]
"""How an owner fares: `waiting` for its dependents to go, or `elsewhere`, in another namespace."""

UNKNOWN_AGAIN_AFTER_S = 30.0
"""An owner of a kind that nobody serves is asked for again after this time."""


def decide(item: Item, owners: Mapping[str, OwnerState], dependents: Sequence[Item]) -> Plan:
    """Keep an object that any owner holds, delete it when all are gone.

    `owners` says of each owner's uid how it fares.
    """
    if item.lets_go:
        return _let_go(item, dependents)
    if item.waits:
        return _end_waiting(item, dependents)
    if item.is_going or not item.metadata.owner_references:
        return Plan()
    notices = tuple(_misplaced(item, owners))
    if not item.metadata.namespace and notices:
        return Plan(notices=notices)  # Nobody knows which namespace was meant.
    if "unknown" in owners.values():
        return Plan(notices=notices, again_after_s=UNKNOWN_AGAIN_AFTER_S)
    lost = [uid for uid, state in owners.items() if state in ("gone", "elsewhere")]
    waiting = [uid for uid, state in owners.items() if state == "waiting"]
    if len(lost) + len(waiting) < len(owners):
        left = (*lost, *waiting)
        return Plan(patch=(_without_owners(item, left),) if left else (), notices=notices)
    return Plan(
        patch=_unblocked(item, dependents) if waiting else (),
        delete=(item.object,),
        delete_options=DeleteOptions(
            propagation_policy=_policy(item, foreground=bool(waiting and dependents))
        ),
        delete_unchanged=not (waiting and _has_cycle(dependents)),
        notices=notices,
    )


def _let_go(item: Item, dependents: Sequence[Item]) -> Plan:
    """Make the dependents orphans, then let the owner go."""
    uid = item.metadata.uid
    released = (_without_owners(dependent, (uid,)) for dependent in dependents)
    return Plan(patch=(*released, _without_finalizer(item, ORPHAN)))


def _end_waiting(item: Item, dependents: Sequence[Item]) -> Plan:
    """Let the owner go when no dependent blocks it any more."""
    if any(blocks(dependent, item.metadata.uid) for dependent in dependents):
        return Plan()
    return Plan(patch=(_without_finalizer(item, FOREGROUND),))


def _misplaced(item: Item, owners: Mapping[str, OwnerState]) -> Iterable[Notice]:
    namespace = item.metadata.namespace
    for each in item.metadata.owner_references:
        if owners.get(each.uid) == "elsewhere":
            yield Notice(
                item.object,
                "OwnerRefInvalidNamespace",
                f"ownerRef [{each.api_version}/{each.kind}, namespace: {namespace}, "
                f"name: {each.name}, uid: {each.uid}] does not exist in namespace "
                f'"{namespace}"',
                type="Warning",
            )


def _policy(item: Item, *, foreground: bool) -> str:
    if foreground:
        return "Foreground"  # The dependents of what an owner waits for go before it too.
    if ORPHAN in item.metadata.finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in item.metadata.finalizers else "Background"


def _has_cycle(dependents: Iterable[Item]) -> bool:
    return any(dependent.waits for dependent in dependents)


def _unblocked(item: Item, dependents: Iterable[Item]) -> tuple[Patch, ...]:
    """Stop an object from blocking its owners where one of them depends on it in turn."""
    if not _has_cycle(dependents):
        return ()
    references = [
        {**to_plain(each), "blockOwnerDeletion": False} for each in item.metadata.owner_references
    ]
    return (_patch(item, {"ownerReferences": references}),)


def _without_owners(item: Item, uids: Iterable[str]) -> Patch:
    kept: list[OwnerReference] = list(others(item, uids))
    return _patch(item, {"ownerReferences": [to_plain(each) for each in kept] or None})


def _without_finalizer(item: Item, finalizer: str) -> Patch:
    kept = [each for each in item.metadata.finalizers if each != finalizer]
    return _patch(item, {"finalizers": kept or None})


def _patch(item: Item, metadata: dict[str, Any]) -> Patch:
    """Replace lists of an object that has not changed since."""
    guard = {"uid": item.metadata.uid, "resourceVersion": item.metadata.resource_version}
    return Patch(item.object, {"metadata": {**guard, **metadata}})
