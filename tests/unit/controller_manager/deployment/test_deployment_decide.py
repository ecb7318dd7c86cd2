"""What a Deployment does about its ReplicaSets."""

from dataclasses import dataclass, field
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from controller_manager.deployment.bounds import max_surge, max_unavailable
from controller_manager.deployment.decide import decide, decide_after_failure
from controller_manager.deployment.replica_sets import size_of
from controller_manager.deployment.template import REVISION, ROLLBACK_TO, hash_of
from knarr.api.apps.deployment import Deployment, DeploymentCondition, DeploymentStrategy
from knarr.api.apps.replica_set import ReplicaSet, ReplicaSetCondition, ReplicaSetStatus
from knarr.api.errors import AlreadyExistsError, ForbiddenError
from knarr.api.meta.selector import LabelSelector
from knarr.api.plan import Plan
from knarr.api.structs import ApiStruct
from tests.builders import NOW, RECREATE, deployment, rolling, template


@dataclass
class World:
    """A Deployment and its ReplicaSets, whose controller is as fast or slow as a test likes."""

    deployment: Deployment
    replica_sets: dict[str, ReplicaSet] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    now = NOW
    occupied: frozenset[str] = frozenset()

    def step(self) -> Plan:
        """Carry out one plan."""
        plan = decide(
            self.deployment, list(self.replica_sets.values()), occupied=self.occupied, now=self.now
        )
        self.said += [notice.message.replace(self.hash, "NEW") for notice in plan.notices]
        for changed in plan.update:
            self._put(changed)
        for created in plan.create:
            assert isinstance(created, ReplicaSet)
            uid = f"uid-{created.metadata.name}"
            at = f"2030-01-01T00:00:{len(self.replica_sets):02}Z"
            meta = replace(created.metadata, uid=uid, generation=1, creation_timestamp=at)
            self._put(replace(created, metadata=meta))
        for gone in plan.delete:
            assert isinstance(gone, ReplicaSet)
            del self.replica_sets[gone.metadata.name]
        if plan.status is not None:
            assert isinstance(plan.status, Deployment)
            self.deployment = plan.status
        return plan

    def _put(self, obj: ApiStruct) -> None:
        if isinstance(obj, ReplicaSet):
            self.replica_sets[obj.metadata.name] = obj
        else:
            assert isinstance(obj, Deployment)
            self.deployment = obj

    @property
    def hash(self) -> str:
        return hash_of(self.deployment.spec.template, self.deployment.status.collision_count)

    @property
    def sizes(self) -> list[int]:
        """Sizes of the ReplicaSets, the oldest first."""
        return [size_of(replica_set) for replica_set in self.replica_sets.values()]

    def obey(self, name: str, *, available: int | None = None) -> None:
        """Have the pods of a ReplicaSet made, and so many of them become available."""
        found = self.replica_sets[name]
        size = size_of(found)
        count = size if available is None else min(available, size)
        status = ReplicaSetStatus(
            observed_generation=1,
            replicas=size,
            ready_replicas=count,
            available_replicas=count,
            terminating_replicas=0,
        )
        self.replica_sets[name] = replace(found, status=status)

    def settle(self, steps: int = 100) -> None:
        """Let everybody work until nothing changes."""
        for _ in range(steps):
            for name in self.replica_sets:
                self.obey(name)
            before = (self.deployment, dict(self.replica_sets))
            self.step()
            if before == (self.deployment, self.replica_sets):
                return
        raise AssertionError("does not settle")

    def change(self, **spec: object) -> None:
        generation = self.deployment.metadata.generation + 1
        self.deployment = replace(
            self.deployment,
            metadata=replace(self.deployment.metadata, generation=generation),
            spec=replace(self.deployment.spec, **spec),
        )

    def condition(self, condition_type: str) -> DeploymentCondition:
        return next(c for c in self.deployment.status.conditions if c.type == condition_type)


def rolled_out(**more: object) -> World:
    world = World(deployment(**more))  # type: ignore[arg-type]
    world.settle()
    world.said.clear()
    return world


def test_makes_the_first_replica_set_at_full_size() -> None:
    world = World(deployment(3))
    world.step()
    (made,) = world.replica_sets.values()
    assert made.metadata.name == f"web-{world.hash}"
    assert made.metadata.annotations == {
        REVISION: "1",
        "deployment.kubernetes.io/desired-replicas": "3",
        "deployment.kubernetes.io/max-replicas": "4",
    }
    assert world.sizes == [3]
    assert world.said == ["Scaled up replica set web-NEW from 0 to 3"]
    assert world.deployment.metadata.annotations[REVISION] == "1"
    assert world.condition("Progressing").reason == "NewReplicaSetCreated"
    assert world.condition("Available").reason == "MinimumReplicasUnavailable"


def test_says_when_it_is_done() -> None:
    world = rolled_out()
    progressing, available = world.condition("Progressing"), world.condition("Available")
    assert progressing.message == f'ReplicaSet "web-{world.hash}" has successfully progressed.'
    assert (progressing.status, progressing.reason) == ("True", "NewReplicaSetAvailable")
    assert available.message == "Deployment has minimum availability."
    assert world.deployment.status.updated_replicas == 3


def test_rolls_as_far_as_the_bounds_allow() -> None:
    world = rolled_out(replicas=4, strategy=rolling(1, 1))
    world.change(template=template("img:2"))
    world.step()
    assert world.sizes == [4, 1]
    world.step()
    assert world.sizes == [3, 1], "one may be unavailable"
    world.step()
    assert world.sizes == [3, 1], "the old pod still counts until its ReplicaSet says it is gone"
    world.obey(next(iter(world.replica_sets)))
    world.step()
    assert world.sizes == [3, 2]
    world.settle()
    assert world.sizes == [0, 4]
    assert world.deployment.metadata.annotations[REVISION] == "2"


def test_takes_unhealthy_old_replicas_first() -> None:
    world = rolled_out(replicas=10, strategy=rolling(3, 2))
    first = next(iter(world.replica_sets))
    world.change(template=template("img:2"))
    world.obey(first, available=7)
    world.step()
    assert world.sizes == [10, 3]
    world.step()
    assert world.sizes == [8, 3], "what does not work is not missed"


def test_takes_no_more_from_one_whose_smaller_size_was_not_seen() -> None:
    """Of a second change in the middle of a rollout: the first ReplicaSet still counts six."""
    world = rolled_out(replicas=6, strategy=rolling(1, 2))
    old = next(iter(world.replica_sets))
    world.change(template=template("img:2"))
    world.step()
    found = world.replica_sets[old]
    metadata = replace(found.metadata, generation=found.metadata.generation + 1)
    spec = replace(found.spec, replicas=4)
    world.replica_sets[old] = replace(found, metadata=metadata, spec=spec)
    world.obey(list(world.replica_sets)[1], available=0)
    world.change(template=template("img:3"))
    world.step()
    world.step()
    assert world.sizes[0] == 4, "four are promised"
    assert world.sizes[1] == 0, "what surely does not work is not missed"


def test_grows_only_when_a_smaller_size_was_seen() -> None:
    """Its last pods may have been made while it was scaled down: status and size miss them."""
    world = rolled_out(replicas=6, strategy=rolling(3, 1))
    old = next(iter(world.replica_sets))
    world.change(template=template("img:2"))
    found = world.replica_sets[old]
    smaller = replace(
        found,
        metadata=replace(found.metadata, generation=found.metadata.generation + 1),
        spec=replace(found.spec, replicas=4),
        status=replace(found.status, replicas=3, available_replicas=3),
    )
    world.replica_sets[old] = smaller
    world.step()
    assert world.sizes == [4, 0]
    seen = replace(smaller.status, observed_generation=smaller.metadata.generation, replicas=4)
    world.replica_sets[old] = replace(smaller, status=seen)
    world.step()
    assert world.sizes == [4, 5]


def test_recreate_waits_for_the_old_pods_to_end() -> None:
    world = rolled_out(strategy=RECREATE)
    old = next(iter(world.replica_sets.values()))
    world.occupied = frozenset({old.metadata.uid})
    world.change(template=template("img:2"))
    world.step()
    assert world.sizes == [0]
    world.step()
    assert world.sizes == [0]
    world.occupied = frozenset()
    world.step()
    assert world.sizes == [0, 3]


def test_does_not_roll_while_paused_but_scales() -> None:
    world = rolled_out(replicas=2)
    world.change(paused=True, template=template("img:2"))
    world.settle()
    assert world.condition("Progressing").reason == "DeploymentPaused"
    world.change(replicas=3)
    world.settle()
    assert world.sizes == [3]
    world.change(paused=False)
    world.step()
    assert world.sizes == [3, 1]
    world.settle()
    assert world.condition("Progressing").reason == "NewReplicaSetAvailable"
    assert world.sizes == [0, 3]


def test_scales_in_proportion_in_the_middle_of_a_rollout() -> None:
    world = rolled_out(replicas=10, strategy=rolling(3, 2))
    world.change(template=template("img:2"))
    old = next(iter(world.replica_sets))
    for _ in range(4):
        world.obey(old)
        world.step()
    assert world.sizes == [8, 5]
    world.change(replicas=15)
    world.step()
    assert world.sizes == [11, 7]


def test_scale_to_nothing_and_back() -> None:
    world = rolled_out(replicas=2)
    world.change(replicas=0)
    world.settle()
    assert world.sizes == [0]
    world.change(replicas=1)
    world.settle()
    assert world.sizes == [1]


def test_gives_up_after_the_deadline() -> None:
    world = rolled_out(replicas=2, progress_deadline_s=60)
    world.change(template=template("img:2"))
    for _ in range(3):
        plan = world.step()
        for name, replica_set in list(world.replica_sets.items()):
            world.obey(
                name, available=9 if replica_set.metadata.annotations[REVISION] == "1" else 0
            )
    assert plan.again_after_s is not None
    assert plan.again_after_s <= 61
    world.now += timedelta(seconds=61)
    world.step()
    progressing = world.condition("Progressing")
    assert (progressing.status, progressing.reason) == ("False", "ProgressDeadlineExceeded")
    assert progressing.message == f'ReplicaSet "web-{world.hash}" has timed out progressing.'
    assert world.step().again_after_s is None


def test_goes_back_to_a_revision_that_is_there() -> None:
    world = rolled_out()
    world.change(template=template("img:2"))
    world.settle()
    world.change(template=template("img:1"))
    world.settle()
    assert world.sizes == [3, 0]
    first = next(iter(world.replica_sets.values()))
    assert first.metadata.annotations[REVISION] == "3"
    assert first.metadata.annotations["deployment.kubernetes.io/revision-history"] == "1"


def test_rolls_back_when_the_annotation_asks() -> None:
    world = rolled_out()
    world.change(template=template("img:2"))
    world.settle()
    world.said.clear()
    annotations = {**world.deployment.metadata.annotations, ROLLBACK_TO: "1"}
    world.deployment = replace(
        world.deployment, metadata=replace(world.deployment.metadata, annotations=annotations)
    )
    world.step()
    assert world.said == ['Rolled back deployment "web" to revision 1']
    assert world.deployment.spec.template == template("img:1")
    assert ROLLBACK_TO not in world.deployment.metadata.annotations


def test_keeps_only_so_many_old_revisions() -> None:
    world = rolled_out(history_limit=1)
    for version in (2, 3, 4):
        world.change(template=template(f"img:{version}"))
        world.settle()
    assert world.sizes == [0, 3]


def test_hands_its_annotations_down() -> None:
    world = World(deployment(annotations={"kubernetes.io/change-cause": "first", REVISION: "9"}))
    world.step()
    (made,) = world.replica_sets.values()
    assert made.metadata.annotations["kubernetes.io/change-cause"] == "first"
    assert made.metadata.annotations[REVISION] == "1"


def test_a_taken_name_is_a_collision() -> None:
    stored = deployment()
    plan = decide(stored, [], now=NOW)
    told = decide_after_failure(stored, plan, AlreadyExistsError("taken"), now=NOW).status
    assert isinstance(told, Deployment)
    assert told.status.collision_count == 1
    (other,) = decide(told, [], now=NOW).create
    assert isinstance(other, ReplicaSet)
    assert other.metadata.name != plan.create[0].metadata.name  # type: ignore[attr-defined]


def test_says_why_it_cannot_make_its_replica_set() -> None:
    stored = deployment()
    plan = decide(stored, [], now=NOW)
    told = decide_after_failure(stored, plan, ForbiddenError("no quota"), now=NOW)
    assert isinstance(told.status, Deployment)
    (condition,) = told.status.status.conditions
    assert (condition.status, condition.reason) == ("False", "ReplicaSetCreateError")
    assert condition.message.endswith(": no quota")
    assert [notice.type for notice in told.notices] == ["Warning"]


def test_hands_the_failures_of_its_replica_sets_on() -> None:
    world = rolled_out()
    ((name, found),) = world.replica_sets.items()
    failure = ReplicaSetCondition(type="ReplicaFailure", status="True", reason="FailedCreate")
    world.replica_sets[name] = replace(found, status=replace(found.status, conditions=(failure,)))
    world.step()
    assert world.condition("ReplicaFailure").reason == "FailedCreate"
    world.settle()
    assert {c.type for c in world.deployment.status.conditions} == {"Available", "Progressing"}


def test_refuses_to_select_all_pods() -> None:
    stored = deployment()
    spec = replace(stored.spec, selector=LabelSelector())
    plan = decide(replace(stored, spec=spec), [], now=NOW)
    assert plan.create == ()
    assert [notice.reason for notice in plan.notices] == ["SelectingAll"]


BOUNDS = st.one_of(st.integers(0, 5), st.integers(0, 100).map(lambda percent: f"{percent}%"))


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_never_beyond_the_bounds(data: st.DataObject) -> None:
    """However slow pods and ReplicaSets are, both bounds hold at every step."""
    strategy: DeploymentStrategy = rolling(data.draw(BOUNDS), data.draw(BOUNDS))
    total = data.draw(st.integers(1, 12))
    world = rolled_out(replicas=total, strategy=strategy)
    at_most = total + max_surge(world.deployment)
    at_least = total - max_unavailable(world.deployment)
    versions = st.integers(1, 4).map(lambda version: f"img:{version}")
    for _ in range(data.draw(st.integers(1, 40))):
        match data.draw(st.sampled_from(["step", "step", "obey", "roll"])):
            case "step":
                world.step()
            case "roll":
                world.change(template=template(data.draw(versions)))
            case "obey":
                name = data.draw(st.sampled_from(sorted(world.replica_sets)))
                before = world.replica_sets[name].status.available_replicas
                world.obey(name, available=max(before, data.draw(st.integers(0, 12))))
        sets = world.replica_sets.values()
        assert sum(max(size_of(rs), rs.status.replicas) for rs in sets) <= at_most
        assert sum(min(size_of(rs), rs.status.available_replicas) for rs in sets) >= at_least
    world.settle()
    assert sum(world.sizes) == total
