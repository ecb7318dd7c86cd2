"""What the kubelet does for a pod."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from knarr.api.core.container import ContainerRestartRule, ContainerRestartRuleOnExitCodes
from knarr.api.core.pod import Pod
from kubelet.probes.failure import Failure
from kubelet.runtime.runtime import Container, Observed
from kubelet.sync.actions import Actions
from kubelet.sync.backoff import RestartBackoff
from kubelet.sync.decide import Situation, Verdicts, decide
from tests.unit.kubelet.pods import NOW, ended, observed, pod, running, spec


def actions(
    wanted: Pod,
    seen: Observed,
    *,
    started: frozenset[str] | None = None,
    failed: dict[str, Failure] | None = None,
    ending: str | None = None,
    backoff: RestartBackoff | None = None,
) -> Actions:
    every = frozenset(one.id for one in seen.containers)
    situation = Situation(
        pod=wanted,
        observed=seen,
        verdicts=Verdicts(started=every if started is None else started, failed=failed or {}),
        spec_hashes={},
        now=NOW,
        ending=ending,
    )
    return decide(situation, backoff or RestartBackoff())


def starts(done: Actions) -> list[tuple[str, int]]:
    return [(one.container.name, one.attempt) for one in done.start]


INIT = {"init_containers": (spec("first"), spec("second"))}
SIDECAR = {"init_containers": (spec("proxy", restart_policy="Always"), spec("first"))}


@pytest.mark.parametrize(
    ("wanted", "containers", "started"),
    [
        pytest.param(pod(), [], [("main", 0)], id="starts what is not there"),
        pytest.param(pod(), [running()], [], id="leaves what runs"),
        pytest.param(pod(), [ended(code=0)], [("main", 1)], id="always: starts what succeeded"),
        pytest.param(
            pod(restart_policy="OnFailure"), [ended(code=1)], [("main", 1)], id="on failure"
        ),
        pytest.param(pod(restart_policy="OnFailure"), [ended(code=0)], [], id="not on success"),
        pytest.param(pod(restart_policy="Never"), [ended(code=1)], [], id="never"),
        pytest.param(pod(**INIT), [], [("first", 0)], id="init containers come first"),
        pytest.param(pod(**INIT), [running("first")], [], id="and are waited for"),
        pytest.param(pod(**INIT), [ended("first")], [("second", 0)], id="one after the other"),
        pytest.param(
            pod(**INIT), [ended("first"), ended("second")], [("main", 0)], id="then the others"
        ),
        pytest.param(pod(**INIT), [ended("first", 1)], [("first", 1)], id="a failed one again"),
        pytest.param(
            pod(**INIT, restart_policy="Never"), [ended("first", 1)], [], id="unless never"
        ),
        pytest.param(pod(**SIDECAR), [], [("proxy", 0)], id="a sidecar in its turn"),
        pytest.param(pod(**SIDECAR), [running("proxy")], [("first", 0)], id="it stays"),
        pytest.param(
            pod(**SIDECAR),
            [ended("proxy", 0), ended("first"), running()],
            [("proxy", 1)],
            id="and is started again whatever its code",
        ),
    ],
)
def test_starts(wanted: Pod, containers: list[Container], started: list[tuple[str, int]]) -> None:
    assert starts(actions(wanted, observed(*containers))) == started


def test_a_sidecar_that_has_not_started_holds_up_those_after_it() -> None:
    done = actions(pod(**SIDECAR), observed(running("proxy")), started=frozenset())
    assert starts(done) == []


def test_without_a_sandbox_one_is_made_first() -> None:
    done = actions(pod(), observed(sandbox=False))
    assert done.start_sandbox == 0
    assert starts(done) == []


def test_a_dead_sandbox_takes_its_containers_along() -> None:
    done = actions(pod(), observed(running(), ready=False))
    assert [one.name for one in done.stop] == ["main"]
    assert done.start_sandbox == 1


def test_a_failed_probe_stops_the_container() -> None:
    done = actions(pod(), observed(running()), failed={"main-0": Failure("told", 3)})
    assert [(one.name, one.message, one.grace_s) for one in done.stop] == [("main", "told", 3.0)]
    done = actions(pod(), observed(running()), failed={"main-0": Failure("told")})
    assert [one.grace_s for one in done.stop] == [30.0]


def test_a_change_starts_the_container_again_without_a_wait() -> None:
    backoff = RestartBackoff()
    backoff.restarted("main", NOW)
    situation = Situation(
        pod=pod(),
        observed=observed(running()),
        verdicts=Verdicts(),
        spec_hashes={},
        now=NOW,
        resized=frozenset({"main-0"}),
    )
    (stop,) = decide(situation, backoff).stop
    assert (stop.is_change, stop.message) == (True, "Container main resize requires restart")
    over = replace(situation, observed=observed(ended()), changed=frozenset({"main-0"}))
    assert [(one.attempt, one.is_change) for one in decide(over, backoff).start] == [(1, True)]
    failed = replace(over, changed=frozenset())
    assert decide(failed, backoff).start == ()


def test_finished_work_ends_sidecars_in_reverse_then_the_sandbox() -> None:
    wanted = pod(
        restart_policy="Never",
        init_containers=(
            spec("one", restart_policy="Always"),
            spec("two", restart_policy="Always"),
        ),
    )
    both = actions(wanted, observed(running("one"), running("two"), ended()))
    assert [one.name for one in both.stop] == ["two"]
    last = actions(wanted, observed(running("one"), ended("two"), ended()))
    assert [one.name for one in last.stop] == ["one"]
    none = actions(wanted, observed(ended("one"), ended("two"), ended()))
    assert none.stop_sandbox


def test_ending_stops_the_main_containers_first() -> None:
    done = actions(
        pod(**SIDECAR), observed(running("proxy"), ended("first"), running()), ending="deleted"
    )
    assert [one.name for one in done.stop] == ["main"]
    assert done.start == ()


def test_a_container_that_keeps_ending_waits() -> None:
    backoff = RestartBackoff()
    backoff.restarted("main", NOW - timedelta(seconds=5))
    done = actions(pod(), observed(ended(code=1, attempt=1, ago_s=4)), backoff=backoff)
    assert starts(done) == []
    assert done.again_after_s == pytest.approx(6)
    assert done.backing_off == (("main", 10.0),)


def test_an_exit_code_rule_wins_over_the_policy() -> None:
    rule = ContainerRestartRule(
        action="Restart",
        exit_codes=ContainerRestartRuleOnExitCodes(operator="In", values=(42,)),
    )
    main = spec("main", restart_policy="Never", restart_policy_rules=(rule,))
    wanted = pod(main, restart_policy="Never")
    assert starts(actions(wanted, observed(ended(code=42)))) == [("main", 1)]
    assert starts(actions(wanted, observed(ended(code=1)))) == []


def rule(action: str, *codes: int) -> ContainerRestartRule:
    exit_codes = ContainerRestartRuleOnExitCodes(operator="In", values=codes)
    return ContainerRestartRule(action=action, exit_codes=exit_codes)


ALL = spec("main", restart_policy="Never", restart_policy_rules=(rule("RestartAllContainers", 88),))
WITH_ALL = pod(
    ALL,
    spec("other"),
    init_containers=(spec("first"), spec("proxy", restart_policy="Always")),
    restart_policy="Never",
)


def at(one: Container, seconds: float) -> Container:
    """Made then, and over two seconds after it if it is over."""
    made = NOW + timedelta(seconds=seconds)
    over = made + timedelta(seconds=2) if one.phase == "exited" else None
    return replace(one, created_at=made, started_at=made, finished_at=over)


OVER = (at(ended("first"), -60), at(ended(code=88), -40))


@pytest.mark.parametrize(
    ("containers", "stopped", "started"),
    [
        pytest.param(
            (*OVER, at(running("proxy"), -50), at(running("other"), -40)),
            {"proxy", "other"},
            [],
            id="first the others end",
        ),
        pytest.param(
            (*OVER, at(ended("proxy", 137), -50), at(ended("other", 137), -40)),
            set(),
            [("first", 1)],
            id="then the first init container runs again",
        ),
        pytest.param(
            (
                *OVER,
                at(ended("proxy", 137), -50),
                at(ended("other", 137), -40),
                at(ended("first", attempt=1), -30),
                at(running("proxy", attempt=1), -25),
            ),
            set(),
            [("main", 1), ("other", 1)],
            id="and at last all main ones start, whatever their policy says",
        ),
        pytest.param(
            (
                *OVER,
                at(ended("first", attempt=1), -30),
                at(running("proxy", attempt=1), -25),
                at(running(attempt=1), -20),
                at(running("other", attempt=1), -20),
            ),
            set(),
            [],
            id="which is that",
        ),
        pytest.param(
            (at(ended("first"), -60), at(ended(code=1), -40), at(running("other"), -40)),
            set(),
            [("proxy", 0)],
            id="another code concerns nobody else",
        ),
    ],
)
def test_a_rule_has_all_containers_start_again(
    containers: tuple[Container, ...], stopped: set[str], started: list[tuple[str, int]]
) -> None:
    seen = observed(*containers)
    assert seen.sandbox is not None
    sandbox = replace(seen.sandbox, created_at=NOW - timedelta(seconds=90))
    done = actions(WITH_ALL, replace(seen, sandbox=sandbox))
    assert {one.name for one in done.stop} == stopped
    assert {one.grace_s for one in done.stop} <= {0.0}
    assert starts(done) == started


def test_old_attempts_are_forgotten_but_for_the_last_two() -> None:
    seen = observed(ended(attempt=0), ended(attempt=1), running(attempt=2))
    assert actions(pod(), seen).remove == ("main-0",)


@given(failures=st.integers(1, 12))
def test_delays_double_up_to_five_minutes(failures: int) -> None:
    backoff = RestartBackoff()
    for _ in range(failures):
        backoff.restarted("main", NOW)
    assert backoff.seconds("main") == min(10.0 * 2 ** (failures - 1), 300.0)


def test_a_delay_is_forgotten_after_ten_quiet_minutes() -> None:
    backoff = RestartBackoff()
    backoff.restarted("main", NOW)
    later = NOW + timedelta(minutes=11)
    assert backoff.wait_s("main", ended=later, now=later) == 0.0
    backoff.restarted("main", later)
    assert backoff.seconds("main") == 10.0


CONTAINER = st.sampled_from(["absent", "running", "ok", "bad"])


@given(
    policy=st.sampled_from(["Always", "OnFailure", "Never"]),
    states=st.tuples(CONTAINER, CONTAINER, CONTAINER),
)
def test_nothing_is_started_and_stopped_at_once(policy: str, states: tuple[str, ...]) -> None:
    names = ("first", "main", "second")
    seen = observed(
        *(
            running(name) if state == "running" else ended(name, 0 if state == "ok" else 1)
            for name, state in zip(names, states, strict=True)
            if state != "absent"
        )
    )
    wanted = pod(
        spec("main"), spec("second"), init_containers=(spec("first"),), restart_policy=policy
    )
    done = actions(wanted, seen)
    assert not {one.container.name for one in done.start} & {one.name for one in done.stop}
    alive = {one.name for one in seen.containers if one.phase == "running"}
    assert not {one.container.name for one in done.start} & alive


def test_init_containers_run_again_in_a_new_sandbox() -> None:
    seen = observed(ended("first"), ended("second"), ended())
    assert seen.sandbox is not None
    newer = replace(seen.sandbox, attempt=1, created_at=NOW)
    done = actions(pod(**INIT), replace(seen, sandbox=newer))
    assert starts(done) == [("first", 1)]
