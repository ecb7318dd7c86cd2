"""`knarr why` names the cause of failures that are made for real."""

import json
import os
import time
from collections.abc import Iterator

import pytest

from tests.e2e.broken import CASES, Case, container, obj, pod
from tests.e2e.cluster import Cluster
from tests.e2e.in_process import Here

SOON_S = 60
"""By then every failure has shown itself; most do within a second."""

LOOK_S = 0.3


@pytest.fixture(scope="module")
def knarr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    made = Cluster(f"why{os.getpid()}", tmp_path_factory.mktemp("why"))
    made.up("--runtime", "process")
    yield Here(made)
    made.knarr("delete", "--name", made.name)


@pytest.fixture(scope="module")
def deadline(knarr: Here) -> float:
    """Everything that is broken is there; until then it may take to show."""
    objects = [one for case in CASES for one in case.objects]
    applied = knarr("create -f -", "\n---\n".join(json.dumps(one) for one in objects))
    assert applied.code == 0, applied.err
    return time.monotonic() + SOON_S


def told(knarr: Here, about: str, cause: str, until: float) -> str:
    """What why says once it names the cause, or at the latest when the time is up."""
    space, _, rest = about.rpartition(" ") if about.startswith("-n") else ("", "", about)
    while True:
        said = knarr(f"{space} why {rest}").out
        if cause in said or time.monotonic() > until:
            return said
        time.sleep(LOOK_S)


def test_there_are_enough_of_them() -> None:
    assert len({case.cause for case in CASES}) >= 40


@pytest.mark.parametrize("case", CASES, ids=[f"{case.about}: {case.cause[:40]}" for case in CASES])
def test_the_cause_is_named(knarr: Here, deadline: float, case: Case) -> None:
    said = told(knarr, case.about, case.cause, deadline)
    assert case.cause in said
    assert "fix: " in said


def test_nodes_that_take_no_pods(knarr: Here, deadline: float) -> None:
    deadline = time.monotonic() + SOON_S / 2
    node = knarr("get nodes -o name").out.strip()
    name = node.partition("/")[2]
    knarr(f"taint {node.replace('/', ' ')} team=a:NoSchedule", check=True)
    knarr("create -f -", json.dumps(pod("shut-out")), check=True)
    cause = "the pod does not tolerate the taint team=a:NoSchedule of 1 node"
    assert cause in told(knarr, "pod/shut-out", cause, deadline)
    assert "its taint team:NoSchedule keeps pods away" in knarr(f"why {node}").out
    knarr(f"taint nodes {name} team-", check=True)
    knarr(f"cordon {name}", check=True)
    knarr("create -f -", json.dumps(pod("late-comer")), check=True)
    cause = "no new pods may go to 1 node: cordoned"
    assert cause in told(knarr, "pod/late-comer", cause, deadline)
    drained = knarr(
        f"drain {name} --force --ignore-daemonsets --timeout=1s --pod-selector=name=port-a"
    )
    assert "disruption budget" in drained.err
    said = knarr(f"why {node}").out
    assert "it is cordoned: no new pods come" in said
    assert "the disruption budget tight forbids evicting pod port-a" in said
    knarr(f"uncordon {name}", check=True)


def test_what_does_not_go(knarr: Here) -> None:
    deadline = time.monotonic() + SOON_S / 2
    kept = obj("ConfigMap", "kept", metadata={"finalizers": ["a.b/c"], "namespace": "going"})
    objects = [obj("Namespace", "going"), kept]
    knarr("create -f -", "\n---\n".join(json.dumps(one) for one in objects), check=True)
    knarr("delete -n going cm/kept --wait=false", check=True)
    assert "it is to go, and waits for its finalizers: a.b/c" in knarr("-n going why cm/kept").out
    knarr("delete ns/going --wait=false", check=True)
    cause = "it cannot end: "
    assert cause in told(knarr, "ns/going", cause, deadline)
    knarr('-n going patch cm kept --type=merge -p \'{"metadata":{"finalizers":null}}\'')


def test_what_is_well_is_said_to_be(knarr: Here) -> None:
    knarr("create -f -", json.dumps(pod("well", box=container())), check=True)
    knarr("wait --for=condition=Ready pod/well --timeout=30s", check=True)
    assert knarr("why pod/well").out == "pod/well: nothing is wrong that can be seen\n"
