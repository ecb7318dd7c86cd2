"""The scheduler's verdicts in plain words."""

from typing import Any

import pytest

from knarr.cli.why.scheduling import unscheduled

NODES: list[dict[str, Any]] = [
    {"spec": {"taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]}},
    {"spec": {"taints": [{"key": "c", "effect": "PreferNoSchedule"}]}},
    {"spec": {}},
]


def no_claim(name: str) -> bool:
    return False


def pod(message: str = "", **spec: Any) -> dict[str, Any]:
    verdict = {"type": "PodScheduled", "status": "False", "message": message}
    return {"spec": spec, "status": {"conditions": [verdict] if message else []}}


@pytest.mark.parametrize(
    ("verdict", "cause"),
    [
        ("3 Insufficient cpu", "too little cpu is left on 3 nodes"),
        ("1 Insufficient example.com/gpu", "too little example.com/gpu is left on 1 node"),
        ("2 node(s) had untolerated taint {a: b}", "does not tolerate the taint a: b of 2 nodes"),
        ("1 node(s) had untolerated taint(s)", "the taint a=b:NoSchedule of 1 node"),
        ("5 node(s) didn't match Pod's node affinity/selector", "are missing on 5 nodes"),
        ("1 node(s) were unschedulable", "no new pods may go to 1 node"),
        ("1 node(s) didn't have free ports for the requested pod ports", "hostPort is taken"),
        ("2 Too many pods", "as many pods as may run on 2 nodes"),
        ("2 node(s) didn't match pod topology spread constraints", "topologySpreadConstraints"),
        ("2 node(s) didn't match pod anti-affinity rules", "podAntiAffinity keeps away"),
        ("2 node(s) didn't match pod affinity rules", "podAffinity wants near"),
        ("1 node(s) had volume node affinity conflict", "volume cannot be reached from 1 node"),
        ("pod has unbound immediate PersistentVolumeClaims", "its claim has no volume yet"),
        ('persistentvolumeclaim "disk" not found', "the claim disk does not exist"),
    ],
)
def test_verdicts(verdict: str, cause: str) -> None:
    message = f"0/3 nodes are available: {verdict}. preemption: 0/3 nodes are available."
    found = list(unscheduled(pod(message), NODES, no_claim))
    assert cause in found[0].cause
    assert found[0].cure


def test_several_verdicts_are_told_apart() -> None:
    message = "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable."
    assert len(list(unscheduled(pod(message), NODES, no_claim))) == 2


@pytest.mark.parametrize(
    ("given", "nodes", "cause"),
    [
        (pod(schedulingGates=[{"name": "a/b"}]), 1, "scheduling gates: a/b"),
        (pod(), 0, "the cluster has no node"),
        (pod(schedulerName="mine"), 1, 'wants the scheduler "mine"'),
        (pod(), 1, "has not looked at it yet"),
    ],
)
def test_what_the_scheduler_does_not_say(given: dict[str, Any], nodes: int, cause: str) -> None:
    assert cause in next(unscheduled(given, NODES[:nodes], no_claim)).cause


def test_a_pod_with_a_node_is_scheduled() -> None:
    assert not list(unscheduled(pod(nodeName="n"), NODES, no_claim))


def test_taints_that_are_tolerated_are_not_blamed() -> None:
    message = "0/3 nodes are available: 1 node(s) had untolerated taint(s)."
    bearing = pod(message, tolerations=[{"key": "a", "operator": "Exists"}])
    assert "that was there then" in next(unscheduled(bearing, NODES, no_claim)).cause


def test_a_claim_that_came_later_is_not_missed() -> None:
    message = '0/1 nodes are available: persistentvolumeclaim "disk" not found.'
    found = next(unscheduled(pod(message), NODES, lambda name: name == "disk"))
    assert found.cause == "its claim has no volume yet"
