"""What a ReplicaSet does about its pods."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.replicaset.decide import (
    PODS_PER_PLAN_MAX,
    decide,
    decide_after_failure,
)
from controller_manager.replicaset.ranking import DELETION_COST
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetStatus
from knarr.api.core.pod import Pod
from knarr.api.core.replication_controller import (
    ReplicationController,
    ReplicationControllerSpec,
)
from knarr.api.pods import is_active
from knarr.api.structs import ApiStruct
from tests.builders import NOW, metadata, pod, replica_set, seconds_ago, template

WEB = replica_set(0)


def mine(name: str, phase: str = "Running", **more: Any) -> Pod:
    return pod(name, phase, owner=WEB, **more)


def names(objects: tuple[ApiStruct, ...]) -> list[str]:
    return [obj.metadata.name for obj in objects if isinstance(obj, Pod)]


@pytest.mark.parametrize(
    ("wanted", "pods", "created", "deleted"),
    [
        pytest.param(3, [], 3, [], id="creates what is missing"),
        pytest.param(0, [], 0, [], id="creates nothing when nothing is wanted"),
        pytest.param(2000, [], PODS_PER_PLAN_MAX, [], id="creates no more than fit one plan"),
        pytest.param(1, [mine("a", "Failed")], 1, [], id="replaces a failed pod and leaves it"),
        pytest.param(1, [mine("a", "Succeeded")], 1, [], id="replaces a succeeded pod"),
        pytest.param(1, [mine("a", deleting=True)], 1, [], id="replaces a pod being deleted"),
        pytest.param(1, [mine("a")], 0, [], id="leaves alone what is right"),
        pytest.param(
            1, [mine("a"), mine("b", "Pending")], 0, ["b"], id="deletes waiting before running"
        ),
        pytest.param(
            1,
            [mine("a", "Pending", node=""), mine("b", "Pending")],
            0,
            ["a"],
            id="deletes those without a node before those with one",
        ),
        pytest.param(
            1, [mine("a"), mine("b", ready=False)], 0, ["b"], id="deletes unready before ready"
        ),
        pytest.param(
            1,
            [mine("a", annotations={DELETION_COST: "5"}), mine("b")],
            0,
            ["b"],
            id="deletes the cheap before the dear",
        ),
        pytest.param(
            2,
            [mine("a", node="n1"), mine("b", node="n2"), mine("c", node="n2")],
            0,
            ["b"],
            id="deletes from the crowded node first",
        ),
        pytest.param(
            1,
            [mine("a"), mine("b", ready_at=seconds_ago(5))],
            0,
            ["b"],
            id="deletes those ready for a short time first",
        ),
        pytest.param(
            1,
            [mine("a"), mine("b", restarts=3)],
            0,
            ["b"],
            id="deletes the often restarted first",
        ),
        pytest.param(
            1,
            [mine("a"), mine("b", created=seconds_ago(10))],
            0,
            ["b"],
            id="deletes the younger first",
        ),
    ],
)
def test_decide(wanted: int, pods: list[Pod], created: int, deleted: list[str]) -> None:
    plan = decide(replica_set(wanted), pods, now=NOW)
    assert len(plan.create) == created
    assert names(plan.delete) == deleted


@pytest.mark.parametrize(
    ("wanted", "pods", "guarded"),
    [
        pytest.param(1, [mine("a"), mine("b", ready=False)], True, id="may have become ready"),
        pytest.param(1, [mine("a"), mine("b")], False, id="ready ones are counted on"),
        pytest.param(0, [mine("a"), mine("b", ready=False)], False, id="all go: nothing to choose"),
    ],
)
def test_takes_no_pod_that_became_ready_meanwhile(
    wanted: int, pods: list[Pod], guarded: bool
) -> None:
    assert decide(replica_set(wanted), pods, now=NOW).delete_unchanged is guarded


def test_makes_pods_from_the_template_as_its_children() -> None:
    (made,) = decide(replica_set(1), [], now=NOW).create
    assert isinstance(made, Pod)
    assert made.metadata.generate_name == "web-"
    assert made.metadata.labels == {"app": "web"}
    (owner,) = made.metadata.owner_references
    assert (owner.kind, owner.uid, owner.controller) == ("ReplicaSet", "uid-web", True)
    assert owner.block_owner_deletion


def test_adopts_orphans_and_counts_them() -> None:
    plan = decide(replica_set(2), [pod("bare"), mine("a")], now=NOW)
    assert plan.create == ()
    (patch,) = plan.patch
    assert patch.body["metadata"]["uid"] == "uid-bare"
    assert patch.body["metadata"]["ownerReferences"][0]["uid"] == "uid-web"


def test_releases_pods_that_lost_its_labels() -> None:
    plan = decide(replica_set(1), [mine("a", labels={"app": "other"})], now=NOW)
    assert len(plan.create) == 1
    (patch,) = plan.patch
    assert patch.body["metadata"]["ownerReferences"] == [{"$patch": "delete", "uid": "uid-web"}]


def test_leaves_everything_alone_while_it_is_deleted() -> None:
    plan = decide(replica_set(3, deleting=True), [pod("bare"), mine("a")], now=NOW)
    assert (plan.create, plan.delete, plan.patch) == ((), (), ())


def test_counts_in_its_status() -> None:
    pods = [
        mine("a"),
        mine("b", ready=False),
        mine("c", "Pending", labels={"app": "web", "extra": "1"}),
        mine("d", deleting=True),
        mine("e", "Failed"),
    ]
    told = decide(replica_set(3), pods, now=NOW).status
    assert isinstance(told, ReplicaSet)
    assert told.status == ReplicaSetStatus(
        replicas=3,
        fully_labeled_replicas=3,
        ready_replicas=1,
        available_replicas=1,
        terminating_replicas=1,
        observed_generation=1,
    )


def test_writes_no_status_that_is_there_already() -> None:
    told = decide(replica_set(1), [mine("a")], now=NOW).status
    assert isinstance(told, ReplicaSet)
    assert decide(told, [mine("a")], now=NOW).status is None


def test_looks_again_when_the_next_pod_has_been_ready_long_enough() -> None:
    owner = replica_set(2, min_ready_s=10)
    pods = [mine("a", ready_at=seconds_ago(4)), mine("b", ready_at=seconds_ago(60))]
    plan = decide(owner, pods, now=NOW)
    assert plan.again_after_s == 6
    assert isinstance(plan.status, ReplicaSet)
    assert plan.status.status.available_replicas == 1


def test_says_what_failed_until_it_works() -> None:
    owner = replica_set(2)
    plan = decide(owner, [], now=NOW)
    failed = decide_after_failure(owner, [], plan, "no quota", now=NOW).status
    assert isinstance(failed, ReplicaSet)
    (condition,) = failed.status.conditions
    assert (condition.type, condition.reason) == ("ReplicaFailure", "FailedCreate")
    assert condition.message == "no quota"
    assert decide_after_failure(failed, [], plan, "no quota", now=NOW).status is None
    healed = decide(failed, [], now=NOW).status
    assert isinstance(healed, ReplicaSet)
    assert healed.status.conditions == ()


def test_replication_controllers_do_the_same() -> None:
    owner = ReplicationController(
        metadata=metadata("web"),
        spec=ReplicationControllerSpec(replicas=2, selector={"app": "web"}, template=template()),
    )
    plan = decide(owner, [pod("bare")], now=NOW)
    assert (len(plan.create), len(plan.patch)) == (1, 1)
    assert isinstance(plan.status, ReplicationController)
    assert plan.status.status.replicas == 1


_LABELS: Mapping[bool, Mapping[str, str]] = {True: {"app": "web"}, False: {"app": "other"}}


@st.composite
def pods(draw: st.DrawFn) -> list[Pod]:
    count = draw(st.integers(0, 12))
    return [
        pod(
            f"pod-{number}",
            draw(st.sampled_from(["Pending", "Running", "Failed", "Succeeded", "Unknown"])),
            owner=draw(st.sampled_from([None, WEB])),
            labels=_LABELS[draw(st.booleans())],
            node=draw(st.sampled_from(["", "n1", "n2"])),
            deleting=draw(st.booleans()),
        )
        for number in range(count)
    ]


def counted(existing: list[Pod]) -> list[Pod]:
    return [each for each in existing if is_active(each) and each.metadata.labels["app"] == "web"]


@given(wanted=st.integers(0, 20), existing=pods())
def test_one_step_is_enough(wanted: int, existing: list[Pod]) -> None:
    plan = decide(replica_set(wanted), existing, now=NOW)
    assert not (plan.create and plan.delete), "never makes and removes pods in the same step"
    assert len(counted(existing)) - len(plan.delete) + len(plan.create) == wanted


@given(wanted=st.integers(0, 20), existing=pods())
def test_order_of_the_pods_does_not_matter(wanted: int, existing: list[Pod]) -> None:
    one = decide(replica_set(wanted), existing, now=NOW)
    other = decide(replica_set(wanted), list(reversed(existing)), now=NOW)
    assert set(names(one.delete)) == set(names(other.delete))
    assert replace_status(one.status) == replace_status(other.status)


def replace_status(owner: ApiStruct | None) -> object:
    return None if owner is None else replace(owner, metadata=metadata("web")).status  # type: ignore[attr-defined]
