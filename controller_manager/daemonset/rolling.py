"""How a DaemonSet's pods are replaced by those of a new template, node by node.

Without surge an old pod goes first and leaves room for the new one; with surge
the new one comes first, and the old one goes once that is available.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from controller_manager.daemonset.status import is_updated
from controller_manager.deployment.bounds import scaled
from knarr.api.apps.daemon_set import DaemonSet
from knarr.api.core.pod import Pod
from knarr.api.pods import is_available


class Bounds(Struct, frozen=True):
    """How far an update may stray from one available pod a node."""

    surge: int
    unavailable: int


class Turn(Struct, frozen=True):
    """The pods to remove and the nodes to get one in one step of an update."""

    delete: tuple[Pod, ...] = ()
    create_on: tuple[str, ...] = ()


def bounds_of(daemon_set: DaemonSet, wanted: int) -> Bounds:
    """The bounds among so many wanted pods. Never both zero."""
    rolling = daemon_set.spec.update_strategy.rolling_update
    if daemon_set.spec.update_strategy.type != "RollingUpdate" or rolling is None:
        return Bounds(0, 0)
    surge = scaled(rolling.max_surge, wanted, up=True)
    unavailable = scaled(rolling.max_unavailable, wanted, up=True)
    return Bounds(surge, 1 if surge == 0 and unavailable == 0 else unavailable)


def next_turn(
    daemon_set: DaemonSet,
    pods_by_node: Mapping[str, Sequence[Pod]],
    bounds: Bounds,
    revision_hash: str,
    now: datetime,
) -> Turn:
    """Choose the pods to replace by now, in the order of the nodes' names."""
    judge = _Judge(daemon_set.spec.min_ready_seconds, revision_hash, now)
    pairs = {node: judge.pair(pods_by_node[node]) for node in sorted(pods_by_node)}
    if bounds.surge == 0:
        return _without_surge(pairs, judge, bounds)
    return _with_surge(pairs, judge, bounds)


_Pair = tuple[Pod | None, Pod | None]
"""The new pod and the old one of a node."""


class _Judge(Struct, frozen=True):
    min_ready_s: int
    revision_hash: str
    now: datetime

    def pair(self, pods: Sequence[Pod]) -> _Pair | None:
        """The new and the old pod of a node; None where there are too many of one sort."""
        alive = [pod for pod in pods if pod.metadata.deletion_timestamp is None]
        new = [pod for pod in alive if is_updated(pod, self.revision_hash)]
        old = [pod for pod in alive if not is_updated(pod, self.revision_hash)]
        if len(new) > 1 or len(old) > 1:
            return None
        return (new[0] if new else None), (old[0] if old else None)

    def is_available(self, pod: Pod) -> bool:
        return is_available(pod, self.min_ready_s, self.now)


def _without_surge(pairs: Mapping[str, _Pair | None], judge: _Judge, bounds: Bounds) -> Turn:
    unavailable = 0
    broken: list[Pod] = []
    candidates: list[Pod] = []
    for pair in pairs.values():
        new, old = pair if pair is not None else (None, None)
        if new is None and old is not None:
            if judge.is_available(old):
                candidates.append(old)
            else:
                broken.append(old)
                unavailable += 1
        elif new is None or old is not None or not judge.is_available(new):
            unavailable += 1
    left = max(0, bounds.unavailable - unavailable)
    return Turn(delete=(*broken, *candidates[:left]))


def _with_surge(pairs: Mapping[str, _Pair | None], judge: _Judge, bounds: Bounds) -> Turn:
    surging = 0
    done: list[Pod] = []
    broken: list[str] = []
    candidates: list[str] = []
    for node, pair in pairs.items():
        if pair is None:
            surging += 1
            continue
        new, old = pair
        if old is None:
            continue
        if new is None:
            (candidates if judge.is_available(old) else broken).append(node)
        elif judge.is_available(new):
            done.append(old)
        else:
            surging += 1
    left = max(0, bounds.surge - surging)
    return Turn(delete=tuple(done), create_on=(*broken, *candidates[:left]))
