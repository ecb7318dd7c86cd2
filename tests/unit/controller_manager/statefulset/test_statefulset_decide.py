"""What a StatefulSet does about its pods, claims and revisions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.revisions import hash_of, revisions_of
from controller_manager.statefulset.decide import decide
from controller_manager.statefulset.identity import make_pod
from knarr.api.apps.controller_revision import ControllerRevision
from knarr.api.apps.stateful_set import (
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetOrdinals,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetSpec,
    StatefulSetUpdateStrategy,
)
from knarr.api.core.persistent_volume_claim import PersistentVolumeClaim
from knarr.api.core.pod import Pod
from knarr.api.meta.selector import LabelSelector
from knarr.api.owners import controller_reference
from knarr.api.plan import Plan
from tests.builders import NOW, metadata, pod, template

OLD, NEW = "img:1", "img:2"


def stateful_set(replicas: int, *, image: str = OLD, **spec: Any) -> StatefulSet:
    spec.setdefault(
        "update_strategy",
        StatefulSetUpdateStrategy(
            type="RollingUpdate", rolling_update=RollingUpdateStatefulSetStrategy(partition=0)
        ),
    )
    spec.setdefault("pod_management_policy", "OrderedReady")
    return StatefulSet(
        metadata=metadata("web"),
        spec=StatefulSetSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels={"app": "web"}),
            template=template(image),
            revision_history_limit=10,
            **spec,
        ),
    )


def revision(image: str, number: int) -> ControllerRevision:
    owner = stateful_set(0, image=image)
    made = revisions_of(owner, ()).wanted
    stamped = replace(made.metadata, uid=f"uid-{image}", creation_timestamp="2026-01-01T00:00:00Z")
    return replace(made, metadata=stamped, revision=number)


HISTORY = (revision(OLD, 1), revision(NEW, 2))


def one(ordinal: int, phase: str = "Running", *, image: str = OLD, **more: Any) -> Pod:
    labels = make_pod(stateful_set(0), revision(image, 1), ordinal).metadata.labels
    return pod(f"web-{ordinal}", phase, owner=stateful_set(0), labels=labels, **more)


def step(owner: StatefulSet, *pods: Pod, history: Any = HISTORY, claims: Any = ()) -> Plan:
    by_name = {claim.metadata.name: claim for claim in claims}
    return decide(owner, pods, revisions=history, claims=by_name, now=NOW)


def changed(plan: Plan) -> tuple[list[str], list[str]]:
    made = [each.metadata.name for each in plan.create if isinstance(each, Pod)]
    gone = [each.metadata.name for each in plan.delete if isinstance(each, Pod)]
    return made, gone


PARALLEL = {"pod_management_policy": "Parallel"}
ON_DELETE = {"update_strategy": StatefulSetUpdateStrategy(type="OnDelete")}


@pytest.mark.parametrize(
    ("owner", "pods", "made", "gone"),
    [
        pytest.param(stateful_set(3), [], ["web-0"], [], id="makes the first alone"),
        pytest.param(
            stateful_set(3, **PARALLEL),
            [],
            ["web-0", "web-1", "web-2"],
            [],
            id="Parallel makes all",
        ),
        pytest.param(stateful_set(2), [one(0)], ["web-1"], [], id="makes the next when ready"),
        pytest.param(
            stateful_set(2), [one(0, "Pending")], [], [], id="waits for the one before to run"
        ),
        pytest.param(
            stateful_set(2),
            [one(0, ready=False)],
            [],
            [],
            id="waits for the one before to be ready",
        ),
        pytest.param(
            stateful_set(2, min_ready_seconds=60),
            [one(0, ready_at=NOW)],
            [],
            [],
            id="waits until the one before is available",
        ),
        pytest.param(
            stateful_set(2), [one(0), one(1, deleting=True)], [], [], id="waits for one that ends"
        ),
        pytest.param(
            stateful_set(2), [one(0, "Failed"), one(1)], [], ["web-0"], id="removes a failed one"
        ),
        pytest.param(
            stateful_set(1), [one(0), one(1), one(2)], [], ["web-2"], id="removes the highest first"
        ),
        pytest.param(
            stateful_set(0, **PARALLEL),
            [one(0), one(1)],
            [],
            ["web-1", "web-0"],
            id="Parallel removes all",
        ),
        pytest.param(
            stateful_set(1),
            [one(0, ready=False), one(1)],
            [],
            [],
            id="a sick one blocks scaling down",
        ),
        pytest.param(
            stateful_set(1, ordinals=StatefulSetOrdinals(start=5)),
            [one(0)],
            ["web-5"],
            [],
            id="begins at ordinals.start",
        ),
        pytest.param(
            stateful_set(2, image=NEW),
            [one(0), one(1)],
            [],
            ["web-1"],
            id="updates the highest first",
        ),
        pytest.param(
            stateful_set(2, image=NEW),
            [one(0), one(1, image=NEW, ready=False)],
            [],
            [],
            id="waits for the updated one",
        ),
        pytest.param(
            stateful_set(2, image=NEW, **ON_DELETE), [one(0), one(1)], [], [], id="OnDelete waits"
        ),
        pytest.param(
            stateful_set(
                3,
                image=NEW,
                update_strategy=StatefulSetUpdateStrategy(
                    type="RollingUpdate",
                    rolling_update=RollingUpdateStatefulSetStrategy(partition=2),
                ),
            ),
            [one(0), one(1), one(2, image=NEW)],
            [],
            [],
            id="updates nothing below the partition",
        ),
        pytest.param(
            stateful_set(
                3,
                image=NEW,
                update_strategy=StatefulSetUpdateStrategy(
                    type="RollingUpdate",
                    rolling_update=RollingUpdateStatefulSetStrategy(max_unavailable=2),
                ),
            ),
            [one(0), one(1), one(2)],
            [],
            ["web-2", "web-1"],
            id="maxUnavailable updates as many at once",
        ),
        pytest.param(
            stateful_set(2, image=NEW, **PARALLEL),
            [one(0, ready=False), one(1, ready=False)],
            [],
            ["web-1"],
            id="Parallel recovers from a broken revision",
        ),
    ],
)
def test_decide(owner: StatefulSet, pods: list[Pod], made: list[str], gone: list[str]) -> None:
    assert changed(step(owner, *pods)) == (made, gone)


def test_a_pod_has_its_name_everywhere() -> None:
    (made,) = step(stateful_set(1, service_name="svc")).create
    assert isinstance(made, Pod)
    assert made.spec.hostname == "web-0"
    assert made.spec.subdomain == "svc"
    assert made.metadata.labels["apps.kubernetes.io/pod-index"] == "0"
    assert made.metadata.labels["statefulset.kubernetes.io/pod-name"] == "web-0"


def test_below_the_partition_a_lost_pod_comes_back_as_it_was() -> None:
    strategy = StatefulSetUpdateStrategy(
        type="RollingUpdate", rolling_update=RollingUpdateStatefulSetStrategy(partition=1)
    )
    owner = stateful_set(2, image=NEW, update_strategy=strategy)
    status = replace(owner.status, current_revision=HISTORY[0].metadata.name)
    (made,) = step(replace(owner, status=status), one(1, image=NEW)).create
    assert isinstance(made, Pod)
    assert made.spec.containers[0].image == OLD


def test_going_back_reuses_the_old_revision() -> None:
    plan = step(stateful_set(1, image=OLD), one(0, image=NEW))
    assert not [each for each in plan.ensure if isinstance(each, ControllerRevision)]
    (moved,) = plan.update
    assert isinstance(moved, ControllerRevision)
    assert (moved.metadata.name, moved.revision) == (HISTORY[0].metadata.name, 3)


def test_claims_are_made_before_their_pod_and_never_twice() -> None:
    data = PersistentVolumeClaim(metadata=replace(metadata("data"), uid=""))
    owner = stateful_set(1, volume_claim_templates=(data,))
    plan = step(owner)
    (claim,) = [each for each in plan.ensure if isinstance(each, PersistentVolumeClaim)]
    assert claim.metadata.name == "data-web-0"
    assert changed(plan)[0] == ["web-0"]
    again = step(owner, claims=[claim])
    assert not [each for each in again.ensure if isinstance(each, PersistentVolumeClaim)]


@pytest.mark.parametrize(
    ("when_deleted", "when_scaled", "replicas", "owner"),
    [
        ("Retain", "Retain", 0, None),
        ("Delete", "Retain", 1, "StatefulSet"),
        ("Retain", "Delete", 1, None),
        ("Retain", "Delete", 0, "Pod"),
        ("Delete", "Delete", 0, "Pod"),
        ("Delete", "Delete", 1, "StatefulSet"),
    ],
)
def test_who_owns_a_claim(
    when_deleted: str, when_scaled: str, replicas: int, owner: str | None
) -> None:
    policy = StatefulSetPersistentVolumeClaimRetentionPolicy(
        when_deleted=when_deleted, when_scaled=when_scaled
    )
    data = PersistentVolumeClaim(metadata=metadata("data"))
    claim = PersistentVolumeClaim(metadata=metadata("data-web-0"))
    plan = step(
        stateful_set(
            replicas,
            volume_claim_templates=(data,),
            persistent_volume_claim_retention_policy=policy,
        ),
        one(0),
        claims=[claim],
    )
    kinds = [
        reference.kind
        for each in plan.update
        if isinstance(each, PersistentVolumeClaim)
        for reference in each.metadata.owner_references
    ]
    assert kinds == ([owner] if owner else [])


def test_a_claim_of_an_earlier_pod_is_waited_for() -> None:
    data = PersistentVolumeClaim(metadata=metadata("data"))
    old = replace(metadata("data-web-0"), owner_references=(controller_reference(one(0)),))
    owner = stateful_set(1, volume_claim_templates=(data,))
    assert changed(step(owner, claims=[PersistentVolumeClaim(metadata=old)])) == ([], [])


def test_the_hash_is_that_of_kubernetes() -> None:
    # FNV-1 of "{}" and of "{}" with a collision count, in the safe alphabet.
    assert hash_of({}, None) != hash_of({}, 0)
    assert set(hash_of({"a": "<"}, None)) <= set("bcdfghjklmnpqrstvwxz2456789")


phases = st.sampled_from(["Pending", "Running", "Failed", "Succeeded"])
some_pods = st.dictionaries(
    st.integers(0, 6),
    st.builds(
        lambda phase, ready, deleting, image: (phase, ready, deleting, image),
        phases,
        st.booleans(),
        st.booleans(),
        st.sampled_from([OLD, NEW]),
    ),
)


@given(replicas=st.integers(0, 6), found=some_pods, parallel=st.booleans())
def test_never_two_pods_of_one_name_and_never_out_of_order(
    replicas: int, found: dict[int, tuple[str, bool, bool, str]], parallel: bool
) -> None:
    policy = "Parallel" if parallel else "OrderedReady"
    owner = stateful_set(replicas, image=NEW, pod_management_policy=policy)
    pods = [
        one(ordinal, phase, ready=ready and phase == "Running", deleting=deleting, image=image)
        for ordinal, (phase, ready, deleting, image) in found.items()
    ]
    made, gone = changed(step(owner, *pods))
    assert not set(made) & {each.metadata.name for each in pods}
    assert len(set(gone)) == len(gone)
    if not parallel:
        assert len(made) + len(gone) <= 1
        for name in made:
            ordinal = int(name.rpartition("-")[2])
            for before in range(ordinal):
                phase, ready, deleting, _ = found[before]
                assert (phase, ready, deleting) == ("Running", True, False)
