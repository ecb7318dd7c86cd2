"""Which pods are removed because nobody else does."""

from controller_manager.podgc.decide import decide, decide_surplus
from knarr.api.plan import Plan
from tests.builders import NOW, pod, seconds_ago


def test_pods_of_a_node_that_stays_away_go() -> None:
    found = pod("a")
    assert decide(found, node_gone_s=None, now=NOW) == Plan()
    assert decide(found, node_gone_s=10, now=NOW) == Plan(again_after_s=30)
    plan = decide(found, node_gone_s=40, now=NOW)
    assert plan.delete == (found,)
    assert plan.delete_options is not None
    assert plan.delete_options.grace_period_seconds == 0
    assert plan.patch[0].body["status"]["conditions"][0]["reason"] == "DeletionByPodGC"


def test_pods_that_no_kubelet_ends_go() -> None:
    found = pod("a", node="", deleting=True)
    assert decide(found, node_gone_s=None, now=NOW).delete == (found,)


def test_the_oldest_that_are_over_go() -> None:
    pods = [pod(name, "Failed", created=seconds_ago(age)) for name, age in (("a", 5), ("b", 9))]
    assert decide_surplus(pods, threshold=1).delete == (pods[1],)
    assert decide_surplus(pods, threshold=2).delete == ()
