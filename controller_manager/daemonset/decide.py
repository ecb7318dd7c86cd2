"""Which nodes get a DaemonSet's pod and which pods go."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from controller_manager.claims import claim
from controller_manager.daemonset.placement import make_pod, may_run, node_of
from controller_manager.daemonset.rolling import bounds_of, next_turn
from controller_manager.daemonset.status import counted, is_updated, oldest_first
from controller_manager.deployment.template import hash_of
from controller_manager.revisions import REVISION_LABEL, Revisions, revisions_of, surplus
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.daemon_set import DaemonSet
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.owners import controller_reference
from knarr.api.plan import Notice, Plan, Words
from knarr.api.pods import available_at, is_available, is_over, is_ready
from knarr.api.selectors import from_object

PODS_PER_PLAN_MAX = 250
"""Most pods made or removed in one go, as in Kubernetes."""


class _Step(Struct):
    """One look at a DaemonSet: the nodes, its pods on them, and what is to be written."""

    daemon_set: DaemonSet
    revision_hash: str
    now: datetime
    waiting: Mapping[str, float]
    """Seconds until a failed pod of a node may be replaced; absent: at once."""
    create_on: list[str] = field(default_factory=list)
    delete: list[Pod] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    again: list[float] = field(default_factory=list)

    @property
    def may_surge(self) -> bool:
        """Whether two pods may be on a node during an update."""
        return bounds_of(self.daemon_set, 1).surge > 0

    def is_available(self, pod: Pod) -> bool:
        """Whether the pod has been ready for long enough."""
        return is_available(pod, self.daemon_set.spec.min_ready_seconds, self.now)


def decide(
    daemon_set: DaemonSet,
    candidates: Iterable[Pod],
    *,
    revisions: Sequence[ControllerRevision],
    nodes: Iterable[Node],
    waiting: Mapping[str, float],
    now: datetime,
) -> Plan:
    """Compare the nodes that are to have a pod with the pods that there are.

    `candidates` are the pods it controls and the orphans it might adopt;
    `waiting` says for nodes with a failed pod how long that stays.
    """
    is_going = daemon_set.metadata.deletion_timestamp is not None
    owner, selector = controller_reference(daemon_set), from_object(daemon_set.spec.selector)
    claimed = claim(owner, candidates, selector=selector, may_adopt=not is_going)
    history = claim(owner, revisions, selector=selector, may_adopt=not is_going)
    patches = (*claimed.patches, *history.patches)
    if is_going:
        return Plan(patch=patches)  # The garbage collector takes the pods.
    template_hash = hash_of(daemon_set.spec.template, daemon_set.status.collision_count)
    found = revisions_of(daemon_set, history.mine, name_hash=template_hash)
    revision_hash = found.wanted.metadata.labels.get(REVISION_LABEL, template_hash)
    step = _Step(daemon_set, revision_hash, now, waiting)
    places = {node.metadata.name: may_run(daemon_set, node) for node in nodes}
    pods_by_node = _by_node(claimed.mine)
    wanted = frozenset(name for name, (is_wanted, _) in places.items() if is_wanted)
    _manage(step, places, pods_by_node)
    _roll(step, wanted, pods_by_node)
    status = counted(daemon_set, pods_by_node, wanted, revision_hash, now)
    step.again.extend(_until_next_available(step, claimed.mine))
    is_busy = bool(step.delete or step.create_on)
    return Plan(
        ensure=found.make,
        update=found.renumber,
        patch=patches,
        delete=tuple(step.delete[:PODS_PER_PLAN_MAX])
        if is_busy
        else _old(daemon_set, found, claimed.mine),
        create=tuple(
            make_pod(daemon_set, name, revision_hash) for name in step.create_on[:PODS_PER_PLAN_MAX]
        ),
        words=Words(daemon_set) if is_busy else None,
        status=None if status == daemon_set.status else replace(daemon_set, status=status),
        notices=tuple(step.notices),
        again_after_s=min(step.again, default=None),
    )


def _by_node(pods: Iterable[Pod]) -> dict[str, list[Pod]]:
    """The pods by the node they are on or meant for; those that are over and go do not count."""
    found: dict[str, list[Pod]] = defaultdict(list)
    for pod in pods:
        if pod.metadata.deletion_timestamp is None or not is_over(pod):
            found[node_of(pod)].append(pod)
    return found


def _manage(
    step: _Step,
    places: Mapping[str, tuple[bool, bool]],
    pods_by_node: Mapping[str, Sequence[Pod]],
) -> None:
    """One pod for each node that is to have one, none where none may stay."""
    for name in sorted(places):
        is_wanted, may_stay = places[name]
        pods = pods_by_node.get(name, ())
        if not pods:
            if is_wanted:
                step.create_on.append(name)
        elif may_stay:
            _keep_one(step, name, pods, is_wanted=is_wanted)
        else:
            step.delete.extend(_staying(pods))
    for name in sorted(set(pods_by_node) - set(places)):
        # The node is gone; pods that ran there are the pod collector's.
        step.delete.extend(pod for pod in _staying(pods_by_node[name]) if not pod.spec.node_name)


def _staying(pods: Iterable[Pod]) -> list[Pod]:
    return [pod for pod in pods if pod.metadata.deletion_timestamp is None]


def _keep_one(step: _Step, name: str, pods: Sequence[Pod], *, is_wanted: bool) -> None:
    """Replace pods that are over; of several that run keep one, or two while surging."""
    running = []
    for pod in _staying(pods):
        if is_over(pod):
            _replace(step, name, pod)
        else:
            running.append(pod)
    if not step.may_surge:
        step.delete.extend(oldest_first(running)[1:])
    elif not running:
        is_free = all(pod.metadata.deletion_timestamp is not None for pod in pods)
        if is_wanted and is_free:
            step.create_on.append(name)
    elif len(running) > 1:
        _prune(step, oldest_first(running))


def _replace(step: _Step, name: str, pod: Pod) -> None:
    where = f"daemon pod {pod.metadata.namespace}/{pod.metadata.name} on node {name}"
    if pod.status.phase == "Failed":
        left_s = step.waiting.get(name, 0.0)
        if left_s > 0:
            step.again.append(left_s)
            return
        message = f"Found failed {where}, will try to kill it"
        step.notices.append(Notice(step.daemon_set, "FailedDaemonPod", message, type="Warning"))
    else:
        message = f"Found succeeded {where}, will try to delete it"
        step.notices.append(Notice(step.daemon_set, "SucceededDaemonPod", message))
    step.delete.append(pod)


def _prune(step: _Step, running: Sequence[Pod]) -> None:
    """Of a surging node's pods keep the oldest of each template, as long as both are needed."""
    new = [pod for pod in running if is_updated(pod, step.revision_hash)]
    old = [pod for pod in running if not is_updated(pod, step.revision_hash)]
    step.delete.extend((*new[1:], *old[1:]))
    if new and old and (not is_ready(old[0]) or step.is_available(new[0])):
        step.delete.append(old[0])


def _roll(step: _Step, wanted: frozenset[str], pods_by_node: Mapping[str, Sequence[Pod]]) -> None:
    """Replace pods of old templates, once nothing else is to be done."""
    is_busy = bool(step.delete or step.create_on)
    if is_busy or step.daemon_set.spec.update_strategy.type != "RollingUpdate":
        return
    bounds = bounds_of(step.daemon_set, len(wanted))
    placed = {name: pods for name, pods in pods_by_node.items() if name}
    turn = next_turn(step.daemon_set, placed, bounds, step.revision_hash, step.now)
    step.delete.extend(turn.delete)
    step.create_on.extend(name for name in turn.create_on if name in wanted)


def _old(
    daemon_set: DaemonSet, found: Revisions, pods: Iterable[Pod]
) -> tuple[ControllerRevision, ...]:
    """The revisions above the limit that no pod was made from."""
    hashes = {pod.metadata.labels.get(REVISION_LABEL, "") for pod in pods}
    live = {
        each.metadata.name
        for each in found.all
        if each.metadata.labels.get(REVISION_LABEL) in hashes
    }
    live.add(found.wanted.metadata.name)
    limit = daemon_set.spec.revision_history_limit
    return surplus(found.all, live=frozenset(live), limit=limit)


def _until_next_available(step: _Step, pods: Iterable[Pod]) -> Iterable[float]:
    min_ready_s = step.daemon_set.spec.min_ready_seconds
    if min_ready_s == 0:
        return
    for pod in pods:
        moment = available_at(pod, min_ready_s)
        if moment is not None and moment > step.now:
            yield (moment - step.now).total_seconds()
