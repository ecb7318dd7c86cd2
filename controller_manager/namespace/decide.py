"""What is still to be done before a Namespace can go."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from knarr.api.conditions import set_condition
from knarr.api.core.namespace import Namespace, NamespaceCondition
from knarr.api.core.pod import Pod
from knarr.api.kind import Kind
from knarr.api.kind_table import kind_of
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.plan import Plan
from knarr.api.structs import ApiStruct

PODS = kind_of(Pod)

FINALIZER = "kubernetes"
"""What holds a Namespace until it is empty."""

LOOK_AGAIN_AFTER_S = 5.0
"""How long to wait for content to go, should nobody tell that it went."""


class Content(Struct, frozen=True):
    """An object in the Namespace."""

    kind: Kind
    object: ApiStruct
    metadata: ObjectMeta


def decide(namespace: Namespace, content: Sequence[Content], *, now: datetime) -> Plan:
    """Delete what is in a Namespace on its way out; let it go when there is nothing."""
    if namespace.metadata.deletion_timestamp is None or FINALIZER not in namespace.spec.finalizers:
        return Plan()
    pods = [each for each in content if each.kind is PODS]
    if pods:
        # What they use goes after them: they may need it for an orderly end.
        present = _present(pods)
        told = namespace if present else _told(namespace, pods, now)
        status = None if told == namespace else told
        return Plan(delete=present, status=status, again_after_s=LOOK_AGAIN_AFTER_S)
    told = _told(namespace, content, now)
    status = None if told == namespace else told
    if not content:
        kept = tuple(each for each in namespace.spec.finalizers if each != FINALIZER)
        finalized = replace(told, spec=replace(told.spec, finalizers=kept))
        return Plan(status=status, finalize=finalized)
    return Plan(
        delete=_present(content),
        status=status,
        again_after_s=LOOK_AGAIN_AFTER_S,
    )


def _present(content: Iterable[Content]) -> tuple[ApiStruct, ...]:
    """What was not yet told to go."""
    return tuple(each.object for each in content if each.metadata.deletion_timestamp is None)


def _told(namespace: Namespace, content: Sequence[Content], now: datetime) -> Namespace:
    """The Namespace with conditions that say what it waits for.

    They tell of content that stays after a delete: of what is told to go only now
    nobody knows yet whether it will.
    """
    going = [each for each in content if each.metadata.deletion_timestamp is not None]
    conditions: tuple[NamespaceCondition, ...] = namespace.status.conditions
    for condition in (
        _condition(
            "NamespaceDeletionDiscoveryFailure",
            "ResourcesDiscovered",
            "All resources successfully discovered",
        ),
        _condition(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        _condition(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        _remaining(going),
        _finalizers(going),
    ):
        conditions = set_condition(conditions, condition, now)
    return replace(namespace, status=replace(namespace.status, conditions=conditions))


def _condition(
    kind: str, reason: str, message: str, *, status: str = "False"
) -> NamespaceCondition:
    return NamespaceCondition(type=kind, status=status, reason=reason, message=message)


def _remaining(content: Iterable[Content]) -> NamespaceCondition:
    kind = "NamespaceContentRemaining"
    counts = Counter(f"{each.kind.plural}.{each.kind.group}" for each in content)
    if not counts:
        return _condition(kind, "ContentRemoved", "All content successfully removed")
    parts = ", ".join(f"{name} has {counts[name]} resource instances" for name in sorted(counts))
    message = f"Some resources are remaining: {parts}"
    return _condition(kind, "SomeResourcesRemain", message, status="True")


def _finalizers(content: Iterable[Content]) -> NamespaceCondition:
    kind = "NamespaceFinalizersRemaining"
    counts = Counter(finalizer for each in content for finalizer in each.metadata.finalizers)
    if not counts:
        message = "All content-preserving finalizers finished"
        return _condition(kind, "ContentHasNoFinalizers", message)
    parts = ", ".join(f"{name} in {counts[name]} resource instances" for name in sorted(counts))
    message = f"Some content in the namespace has finalizers remaining: {parts}"
    return _condition(kind, "SomeFinalizersRemain", message, status="True")
