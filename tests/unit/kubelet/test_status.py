"""What a pod's status says."""

import pytest
from msgspec.structs import replace

from knarr.api.core.container import ContainerRestartRule, ContainerRestartRuleOnExitCodes
from knarr.api.core.pod import Pod
from knarr.api.core.pod_status import PodStatus
from kubelet.runtime.runtime import Container
from kubelet.status.container_statuses import Health
from kubelet.status.pod_status import Ending, pod_status
from tests.unit.kubelet.pods import NOW, ended, observed, pod, running, spec


def status(
    wanted: Pod,
    *containers: Container,
    ending: Ending | None = None,
    over: bool = False,
    **health: object,
) -> PodStatus:
    alive = frozenset(one.id for one in containers if one.phase == "running")
    known: dict[str, object] = {"ready": alive, "started": alive, **health}
    return pod_status(
        wanted,
        observed(*containers),
        Health(**known),  # type: ignore[arg-type]
        now=NOW,
        host_ips=("10.0.0.1",),
        ending=ending,
        over=over,
    )


def condition(made: PodStatus, name: str) -> tuple[str, str]:
    (one,) = [each for each in made.conditions if each.type == name]
    return one.status, one.reason


@pytest.mark.parametrize(
    ("policy", "containers", "phase"),
    [
        pytest.param("Always", [], "Pending", id="nothing started"),
        pytest.param("Always", [running()], "Running", id="running"),
        pytest.param("Always", [ended(code=0)], "Running", id="always runs on"),
        pytest.param("OnFailure", [ended(code=0)], "Succeeded", id="all succeeded"),
        pytest.param("OnFailure", [ended(code=1)], "Running", id="a failure is tried again"),
        pytest.param("Never", [ended(code=1)], "Failed", id="a failure is final"),
        pytest.param("Never", [ended(code=0)], "Succeeded", id="success is final"),
    ],
)
def test_phase(policy: str, containers: list[Container], phase: str) -> None:
    assert status(pod(restart_policy=policy), *containers).phase == phase


RULES = (
    ContainerRestartRule(
        action="RestartAllContainers",
        exit_codes=ContainerRestartRuleOnExitCodes(operator="In", values=(88,)),
    ),
)


@pytest.mark.parametrize(
    ("code", "phase"),
    [
        pytest.param(88, "Running", id="a code of its rules"),
        pytest.param(1, "Failed", id="another code"),
    ],
)
def test_a_rule_keeps_a_pod_going_that_never_restarts(code: int, phase: str) -> None:
    main = spec("main", restart_policy="Never", restart_policy_rules=RULES)
    told = status(pod(main, restart_policy="Never"), ended(code=code))
    assert told.phase == phase
    types = {one.type for one in told.conditions}
    assert ("AllContainersRestarting" in types) == (phase == "Running")


@pytest.mark.parametrize(
    ("containers", "phase", "reason"),
    [
        pytest.param([ended(code=0)], "Succeeded", "PodCompleted", id="ended well"),
        pytest.param([ended(code=137)], "Failed", "PodFailed", id="was killed"),
        pytest.param([], "Failed", "PodFailed", id="never started"),
    ],
)
def test_a_deleted_pod_has_an_outcome_though_it_would_always_restart(
    containers: list[Container], phase: str, reason: str
) -> None:
    made = status(pod(), *containers, over=True)
    assert made.phase == phase
    assert condition(made, "Ready") == ("False", reason)


def test_a_container_lost_on_the_way_counts_as_failed() -> None:
    made = status(pod(spec("main"), spec("side")), ended("main", 0), over=True)
    side = made.container_statuses[1].state.terminated
    assert side is not None
    assert (made.phase, side.reason, side.exit_code) == ("Failed", "ContainerStatusUnknown", 137)


def test_a_failed_init_container_fails_a_pod_that_never_restarts() -> None:
    wanted = pod(init_containers=(spec("first"),), restart_policy="Never")
    assert status(wanted, ended("first", 1)).phase == "Failed"


def test_conditions_of_a_ready_pod() -> None:
    made = status(pod(), running())
    for name in ("PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"):
        assert condition(made, name) == ("True", "")


def test_unready_containers_are_named() -> None:
    made = status(pod(spec("a"), spec("b")), running("a"), running("b"), ready=frozenset({"a-0"}))
    assert condition(made, "Ready") == ("False", "ContainersNotReady")
    (one,) = [each for each in made.conditions if each.type == "Ready"]
    assert one.message == "containers with unready status: [b]"


def test_a_completed_pod_is_not_ready() -> None:
    made = status(pod(restart_policy="Never"), ended())
    assert condition(made, "Ready") == ("False", "PodCompleted")
    assert condition(made, "Initialized") == ("True", "PodCompleted")


def test_waiting_for_init_containers() -> None:
    made = status(pod(init_containers=(spec("first"),)), running("first"))
    assert condition(made, "Initialized") == ("False", "ContainersNotInitialized")
    waiting = made.container_statuses[0].state.waiting
    assert waiting is not None
    assert waiting.reason == "PodInitializing"


def test_a_container_that_backs_off_says_so() -> None:
    made = status(pod(), ended(code=1, attempt=3), backing_off={"main": 80.0})
    one = made.container_statuses[0]
    assert one.state.waiting is not None
    assert one.state.waiting.reason == "CrashLoopBackOff"
    assert one.state.waiting.message == (
        "back-off 1m20s restarting failed container=main pod=web_default(uid-1)"
    )
    assert one.last_state.terminated is not None
    assert one.last_state.terminated.exit_code == 1
    assert one.restart_count == 3


def test_why_an_image_is_missing() -> None:
    made = status(pod(), waiting={"main": ("ErrImagePull", "no such image")})
    waiting = made.container_statuses[0].state.waiting
    assert waiting is not None
    assert (waiting.reason, waiting.message) == ("ErrImagePull", "no such image")


def test_an_evicted_pod_has_failed() -> None:
    made = status(pod(), running(), ending=Ending(reason="Evicted", message="low on memory"))
    assert (made.phase, made.reason, made.message) == ("Failed", "Evicted", "low on memory")


def test_a_condition_keeps_its_time_until_it_changes() -> None:
    before = status(pod(), running())

    old = replace(
        before,
        conditions=tuple(
            replace(one, last_transition_time="2029-01-01T00:00:00Z") for one in before.conditions
        ),
    )
    again = status(replace(pod(), status=old), running())
    assert {one.last_transition_time for one in again.conditions} == {"2029-01-01T00:00:00Z"}
