"""What must hold of StatefulSets, DaemonSets and Jobs at every moment of a history."""

from collections import Counter, defaultdict

from controller_manager.daemonset.placement import node_of
from controller_manager.job.pods import TRACKING
from controller_manager.statefulset.identity import ordinal_of
from knarr.api.apps.stateful_set import StatefulSet
from knarr.api.batch.job import Job
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.owners import controller_of
from knarr.api.pods import is_active, is_over, is_ready
from tests.simulation.history import History, Moment
from tests.simulation.workload_story import DATA


def _kind(pod: Pod) -> str:
    reference = controller_of(pod)
    return reference.kind if reference is not None else ""


def _pods(history: History, kind: str) -> list[tuple[Moment, Pod, bool]]:
    """The moments of pods of one kind of owner: the pod, and whether it is there after."""
    found = []
    for moment in history:
        obj = moment.new or moment.old
        if isinstance(obj, Pod) and _kind(obj) == kind:
            found.append((moment, obj, moment.new is not None))
    return found


def never_out_of_order(history: History, *, parallel: bool) -> None:
    """A pod of a StatefulSet is made only when all before it are there and ready."""
    present: dict[int, Pod] = {}
    for moment, pod, is_there in _pods(history, "StatefulSet"):
        ordinal = ordinal_of(pod)
        if not is_there:
            present.pop(ordinal, None)
            continue
        if moment.old is None and not parallel:
            for before in range(ordinal):
                other = present.get(before)
                assert other is not None, f"{pod.metadata.name} made before ordinal {before}"
                assert is_ready(other), f"{pod.metadata.name} made before {before} was ready"
        present[ordinal] = pod


def never_two_leave_at_once(history: History) -> None:
    """Of an ordered StatefulSet that nobody disturbs a pod leaves when no other is leaving.

    Only one that an update was replacing, and that a smaller size made superfluous
    meanwhile, is not waited for by those above it: they leave from the highest down.
    """
    leaving: set[int] = set()
    sizes: list[int] = []
    for moment in history:
        obj = moment.new or moment.old
        if isinstance(obj, StatefulSet) and [obj.spec.replicas] != sizes[-1:]:
            sizes.append(obj.spec.replicas or 0)
        if not isinstance(obj, Pod) or _kind(obj) != "StatefulSet":
            continue
        ordinal = ordinal_of(obj)
        if moment.new is None or obj.metadata.deletion_timestamp is None:
            leaving.discard(ordinal)
            continue
        if ordinal in leaving:
            continue
        # Who decided may have known the size before.
        wanted = min(sizes[-2:], default=0)
        others = [one for one in leaving if one > ordinal or one < wanted]
        leaving.add(ordinal)
        assert not others, f"{sorted(leaving)} leave at revision {moment.revision}"


def keeps_claims(history: History) -> None:
    """No pod of a StatefulSet is made before its claim, and a claim is never lost."""
    claims: dict[str, str] = {}
    for moment in history:
        claim = moment.new or moment.old
        if isinstance(claim, PersistentVolumeClaim):
            name, uid = claim.metadata.name, claim.metadata.uid
            assert moment.new is not None, f"{name} lost at revision {moment.revision}"
            assert claims.setdefault(name, uid) == uid, f"{name} made twice"
        elif isinstance(claim, Pod) and _kind(claim) == "StatefulSet" and moment.old is None:
            wanted = f"{DATA}-{claim.metadata.name}"
            assert wanted in claims, f"{claim.metadata.name} made before {wanted}"


def never_too_many_on_a_node(history: History, *, surging: bool) -> None:
    """No node has two pods of a DaemonSet, ended ones aside, or three of one that surges."""
    present: dict[str, set[str]] = defaultdict(set)
    for moment, pod, is_there in _pods(history, "DaemonSet"):
        runs = is_there and not is_over(pod)
        on_node = present[node_of(pod)]
        (on_node.add if runs else on_node.discard)(pod.metadata.uid)
        most = 2 if surging else 1
        assert len(on_node) <= most, f"{len(on_node)} on {node_of(pod)} at {moment.revision}"


def never_without_a_daemon(history: History) -> None:
    """Once a node has a ready pod of a DaemonSet that surges it is never without one."""
    ready: dict[str, set[str]] = defaultdict(set)
    served: set[str] = set()
    for moment, pod, is_there in _pods(history, "DaemonSet"):
        node = node_of(pod)
        serves = is_there and is_active(pod) and is_ready(pod)
        (ready[node].add if serves else ready[node].discard)(pod.metadata.uid)
        if ready[node]:
            served.add(node)
        assert ready[node] or node not in served, f"none on {node} at revision {moment.revision}"


def never_more_active_than(history: History, parallelism: dict[str, int]) -> None:
    """No Job has more active pods than it may have."""
    active: dict[str, set[str]] = defaultdict(set)
    for moment, pod, is_there in _pods(history, "Job"):
        reference = controller_of(pod)
        assert reference is not None, "a Job's pod has an owner"
        of_job = active[reference.name]
        runs = is_there and is_active(pod)
        (of_job.add if runs else of_job.discard)(pod.metadata.uid)
        most = parallelism[reference.name]
        assert len(of_job) <= most, f"{len(of_job)} active at revision {moment.revision}"


def each_counted_once(history: History, *, disturbed: bool) -> None:
    """At the end a Job has counted every pod that succeeded once, and none that did not."""
    succeeded: Counter[str] = Counter()
    seen: set[str] = set()
    for _, pod, is_there in _pods(history, "Job"):
        reference = controller_of(pod)
        if reference is None or pod.metadata.uid in seen:
            continue
        # It counts when the finalizer goes: one deleted before it ended is a failure.
        is_tracked = TRACKING in pod.metadata.finalizers
        if is_there and pod.status.phase == "Succeeded" and not is_tracked:
            seen.add(pod.metadata.uid)
            succeeded[reference.name] += 1
    for job in history.live(Job):
        completions = job.spec.completions or 0
        assert job.status.succeeded == completions, f"{job.metadata.name} {job.status}"
        if job.spec.completion_mode == "NonIndexed" and not disturbed:
            found = succeeded[job.metadata.name]
            assert found == completions, f"{job.metadata.name}: {found} succeeded"
