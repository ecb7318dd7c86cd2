"""Every check can fail: each is shown a history that breaks what it guards."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from controller_manager.job.pods import TRACKING
from knarr.api.apps.daemon_set import DaemonSet, DaemonSetSpec
from knarr.api.apps.stateful_set import StatefulSet, StatefulSetSpec
from knarr.api.batch.job import Job, JobSpec, JobStatus
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
)
from knarr.api.core.pod import Pod
from knarr.api.structs import ApiStruct
from tests.builders import deployment, metadata, pod, replica_set, rolling, template
from tests.simulation import budget_story, checks, workload_checks
from tests.simulation.history import History, Moment

WEB = deployment(2, strategy=rolling(1, 0))
OLD = replica_set(2, name="old", owner=WEB)
NEW = replica_set(1, name="new", owner=WEB)
DB = StatefulSet(metadata=metadata("db"), spec=StatefulSetSpec(selector=None, template=template()))
AGENT = DaemonSet(
    metadata=metadata("agent"), spec=DaemonSetSpec(selector=None, template=template())
)
PLAIN = Job(
    metadata=metadata("plain"),
    spec=JobSpec(template=template(), completions=1, completion_mode="NonIndexed"),
    status=JobStatus(succeeded=1),
)
CLAIM = PersistentVolumeClaim(metadata=metadata("data-db-0"), spec=PersistentVolumeClaimSpec())


class Gone:
    """Says that an object is deleted."""

    def __init__(self, obj: ApiStruct) -> None:
        self.obj = obj


def told(*objects: ApiStruct | Gone) -> History:
    """The history in which these were written, one after the other."""
    history, present = History(), dict[str, ApiStruct]()
    for revision, each in enumerate(objects):
        obj = each.obj if isinstance(each, Gone) else each
        key = f"{type(obj).__name__}/{obj.metadata.name}"  # type: ignore[attr-defined]  # all have
        old, new = present.pop(key, None), None if isinstance(each, Gone) else obj
        if new is not None:
            present[key] = new
        history.moments.append(Moment(float(revision), revision, key, old, new))
    history._live.update(present)  # It is filled from a store otherwise.
    return history


def sized(replicas: int) -> StatefulSet:
    return replace(DB, spec=replace(DB.spec, replicas=replicas))


def succeeded(name: str) -> Pod:
    return pod(name, "Succeeded", owner=PLAIN)


def tracked(name: str) -> Pod:
    done = succeeded(name)
    return replace(done, metadata=replace(done.metadata, finalizers=(TRACKING,)))


def beyond_bounds(history: History) -> None:
    checks.never_beyond_bounds(history, disturbed=False)


def out_of_order(history: History) -> None:
    workload_checks.never_out_of_order(history, parallel=False)


def crowded(history: History) -> None:
    workload_checks.never_too_many_on_a_node(history, surging=False)


def crowded_by_surge(history: History) -> None:
    workload_checks.never_too_many_on_a_node(history, surging=True)


def too_active(history: History) -> None:
    workload_checks.never_more_active_than(history, {"plain": 1})


def counted(history: History) -> None:
    workload_checks.each_counted_once(history, disturbed=False)


def overdrawn(history: History) -> None:
    budget_story.never_overdrawn(budget_story.Outcome(history, least=4, evicted=1))


WEB_PODS = [pod(f"old-{number}", owner=OLD) for number in range(4)]
HEALTHY = [pod(f"web-{number}") for number in range(budget_story.REPLICAS)]
DB_0, DB_1 = pod("db-0", owner=DB), pod("db-1", owner=DB)
AGENTS = [pod(f"agent-{number}", owner=AGENT) for number in range(3)]


@pytest.mark.parametrize(
    ("check", "good", "bad", "words"),
    [
        pytest.param(
            beyond_bounds,
            (WEB, OLD, *WEB_PODS[:3], Gone(WEB_PODS[0])),
            (WEB, OLD, *WEB_PODS),
            "4 pods at revision 5, at most 3",
            id="a deployment with too many pods",
        ),
        pytest.param(
            beyond_bounds,
            (WEB, OLD, *WEB_PODS[:3], Gone(WEB_PODS[0])),
            (WEB, OLD, *WEB_PODS[:2], Gone(WEB_PODS[0])),
            "1 available at revision 4, promised 2",
            id="a deployment with too few that are available",
        ),
        pytest.param(
            checks.never_wants_more,
            (WEB, OLD, NEW),
            (WEB, OLD, replica_set(2, name="new", owner=WEB)),
            "4 wanted at 2, at most 3",
            id="replica sets told to have too many",
        ),
        pytest.param(
            checks.never_moved,
            (DB_0, DB_0),
            (DB_0, pod("db-0", owner=DB, node="node-1")),
            "moved",
            id="a pod that changes its node",
        ),
        pytest.param(
            checks.no_orphans,
            (WEB, OLD, WEB_PODS[0]),
            (WEB, OLD, WEB_PODS[0], Gone(OLD)),
            "old-0 has lost its owner",
            id="a pod without an owner",
        ),
        pytest.param(
            out_of_order,
            (DB_0, DB_1),
            (DB_1, DB_0),
            "db-1 made before ordinal 0",
            id="a second pod before the first",
        ),
        pytest.param(
            out_of_order,
            (DB_0, DB_1),
            (pod("db-0", "Pending", owner=DB), DB_1),
            "db-1 made before 0 was ready",
            id="a second pod before the first is ready",
        ),
        pytest.param(
            workload_checks.never_two_leave_at_once,
            (DB_0, DB_1, pod("db-1", owner=DB, deleting=True), Gone(DB_1)),
            (pod("db-1", owner=DB, deleting=True), pod("db-0", owner=DB, deleting=True)),
            "leave at revision 1",
            id="two pods of a set that leave at once",
        ),
        pytest.param(
            workload_checks.never_two_leave_at_once,
            (sized(1), pod("db-1", owner=DB, deleting=True), pod("db-2", owner=DB, deleting=True)),
            (sized(3), pod("db-1", owner=DB, deleting=True), pod("db-2", owner=DB, deleting=True)),
            "leave at revision 2",
            id="a pod that leaves while one below it is replaced",
        ),
        pytest.param(
            workload_checks.keeps_claims,
            (CLAIM, DB_0),
            (DB_0, CLAIM),
            "db-0 made before data-db-0",
            id="a pod before its claim",
        ),
        pytest.param(
            workload_checks.keeps_claims,
            (CLAIM, DB_0, Gone(DB_0)),
            (CLAIM, DB_0, Gone(CLAIM)),
            "data-db-0 lost",
            id="a claim that is lost",
        ),
        pytest.param(
            crowded,
            (AGENTS[0], Gone(AGENTS[0]), AGENTS[1]),
            AGENTS[:2],
            "2 on node-0",
            id="two daemons on a node",
        ),
        pytest.param(
            crowded_by_surge, AGENTS[:2], AGENTS, "3 on node-0", id="three daemons while surging"
        ),
        pytest.param(
            workload_checks.never_without_a_daemon,
            (AGENTS[0], AGENTS[1], Gone(AGENTS[0])),
            (AGENTS[0], Gone(AGENTS[0])),
            "none on node-0",
            id="a node that loses its daemon",
        ),
        pytest.param(
            too_active,
            (pod("plain-0", owner=PLAIN), succeeded("plain-0"), pod("plain-1", owner=PLAIN)),
            (pod("plain-0", owner=PLAIN), pod("plain-1", owner=PLAIN)),
            "2 active at revision 1",
            id="a job with too many active pods",
        ),
        pytest.param(
            counted,
            (tracked("plain-0"), succeeded("plain-0"), PLAIN),
            (tracked("plain-0"), PLAIN),
            "plain: 0 succeeded",
            id="a job that counts a pod which it still tracks",
        ),
        pytest.param(
            counted,
            (succeeded("plain-0"), PLAIN),
            (succeeded("plain-0"), succeeded("plain-1"), PLAIN),
            "plain: 2 succeeded",
            id="a job with a success too many",
        ),
        pytest.param(
            counted,
            (succeeded("plain-0"), PLAIN),
            (succeeded("plain-0"), replace(PLAIN, status=JobStatus(succeeded=2))),
            "plain",
            id="a job that counts twice",
        ),
        pytest.param(
            overdrawn,
            (*HEALTHY, Gone(HEALTHY[0])),
            (*HEALTHY, Gone(HEALTHY[0]), Gone(HEALTHY[1])),
            "3 healthy at revision 6, at least 4",
            id="evictions beyond a budget",
        ),
    ],
)
def test_a_check_tells_good_from_bad(
    check: Callable[[History], None],
    good: tuple[ApiStruct | Gone, ...],
    bad: tuple[ApiStruct | Gone, ...],
    words: str,
) -> None:
    check(told(*good))
    with pytest.raises(AssertionError, match=words):
        check(told(*bad))
