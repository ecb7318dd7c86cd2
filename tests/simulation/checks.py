"""What must hold: at every moment of a history, and at its end."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from controller_manager.deployment.bounds import max_surge, max_unavailable, wanted
from knarr.api.apps.deployment import Deployment
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.core.pod import Pod
from knarr.api.keys import Key
from knarr.api.pods import is_active, is_ready
from tests.simulation.history import History, Moment


@dataclass
class _Bounds:
    """The widest bounds a Deployment ever asked for, and what there is of it."""

    pods_max: int = 0
    available_min: int | None = None
    active: set[str] = field(default_factory=set)
    available: set[str] = field(default_factory=set)
    was_available: bool = False


def never_beyond_bounds(history: History, *, disturbed: bool) -> None:
    """Never more pods at once than surge allows, never fewer available than promised.

    Where somebody disturbed pods or nodes nothing is promised about availability.
    """
    bounds: dict[str, _Bounds] = defaultdict(_Bounds)
    owners: dict[str, str] = {}
    for moment in history:
        obj = moment.new or moment.old
        if isinstance(obj, Deployment):
            _widen(bounds[obj.metadata.uid], obj)
        elif isinstance(obj, ReplicaSet):
            for reference in obj.metadata.owner_references:
                owners[obj.metadata.uid] = reference.uid
        elif isinstance(obj, Pod):
            for reference in obj.metadata.owner_references:
                deployment = owners.get(reference.uid)
                if deployment is not None:
                    _count(bounds[deployment], obj, moment, disturbed=disturbed)


def never_wants_more(history: History) -> None:
    """Never are a Deployment's ReplicaSets told to have more pods than it and its surge allow.

    That holds even while a new size is shared out, when the pods themselves follow late.
    """
    bounds: dict[str, _Bounds] = defaultdict(_Bounds)
    sizes: dict[str, dict[str, int]] = defaultdict(dict)
    for moment in history:
        obj = moment.new or moment.old
        if isinstance(obj, Deployment):
            _widen(bounds[obj.metadata.uid], obj)
        elif isinstance(obj, ReplicaSet):
            for reference in obj.metadata.owner_references:
                own = sizes[reference.uid]
                own[obj.metadata.uid] = (obj.spec.replicas or 0) if moment.new else 0
                total, most = sum(own.values()), bounds[reference.uid].pods_max
                assert total <= most, f"{total} wanted at {moment.revision}, at most {most}"


def _widen(bounds: _Bounds, deployment: Deployment) -> None:
    bounds.pods_max = max(bounds.pods_max, wanted(deployment) + max_surge(deployment))
    promised = wanted(deployment) - max_unavailable(deployment)
    if deployment.spec.strategy.type == "Recreate" or deployment.metadata.deletion_timestamp:
        promised = 0
    before = bounds.available_min
    bounds.available_min = promised if before is None else min(before, promised)


def _count(bounds: _Bounds, pod: Pod, moment: Moment, *, disturbed: bool) -> None:
    there = moment.new is not None and is_active(pod)
    (bounds.active.add if there else bounds.active.discard)(pod.metadata.uid)
    available = there and is_ready(pod)
    (bounds.available.add if available else bounds.available.discard)(pod.metadata.uid)
    assert len(bounds.active) <= bounds.pods_max, (
        f"{len(bounds.active)} pods at revision {moment.revision}, at most {bounds.pods_max}"
    )
    promised = bounds.available_min or 0
    if len(bounds.available) >= promised:
        bounds.was_available = True
    assert disturbed or not bounds.was_available or len(bounds.available) >= promised, (
        f"{len(bounds.available)} available at revision {moment.revision}, promised {promised}"
    )


def never_moved(history: History) -> None:
    """Once bound a pod stays on its node."""
    for moment in history:
        if isinstance(moment.old, Pod) and isinstance(moment.new, Pod):
            same = moment.old.metadata.uid == moment.new.metadata.uid
            before, after = moment.old.spec.node_name, moment.new.spec.node_name
            assert not same or not before or before == after, f"moved: {moment.key}"


def no_orphans(history: History) -> None:
    """At the end nothing is left that belongs to somebody who is gone."""
    deployments = {each.metadata.uid for each in history.live(Deployment)}
    replica_sets = {each.metadata.uid for each in history.live(ReplicaSet)}
    for child, parents in (
        *((each, deployments) for each in history.live(ReplicaSet)),
        *((each, replica_sets) for each in history.live(Pod)),
    ):
        for reference in child.metadata.owner_references:
            assert reference.uid in parents, f"{child.metadata.name} has lost its owner"


def is_rolled_out(deployment: Deployment, replica_sets: list[Any], pods: list[Any]) -> bool:
    """Whether a Deployment has what it wants: that many ready pods of its template, no others."""
    key = Key(deployment.metadata.namespace, deployment.metadata.name)
    own = [each for each in replica_sets if _belongs(each, deployment.metadata.uid)]
    with_pods = [each for each in own if each.spec.replicas]
    uids = {each.metadata.uid for each in own}
    active = [each for each in pods if any(_belongs(each, uid) for uid in uids) and is_active(each)]
    total = wanted(deployment)
    status = deployment.status
    return bool(key.name) and (
        len(active) == total
        and all(map(is_ready, active))
        and len(with_pods) <= 1
        and status.observed_generation >= deployment.metadata.generation
        and (deployment.spec.paused or status.updated_replicas == total)
        and (status.replicas, status.available_replicas) == (total, total)
    )


def _belongs(child: Any, uid: str) -> bool:
    return any(reference.uid == uid for reference in child.metadata.owner_references)
