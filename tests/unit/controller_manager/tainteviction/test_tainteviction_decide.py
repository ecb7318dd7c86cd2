"""When pods leave tainted nodes."""

import pytest
from msgspec.structs import replace

from controller_manager.tainteviction.decide import decide
from knarr.api.core.scheduling import Taint, Toleration
from knarr.api.plan import Plan
from tests.builders import NOW, pod, seconds_ago

TAINT = Taint(key="k", value="v", effect="NoExecute")
EVER = Toleration(key="k", operator="Exists")
OTHER = Toleration(key="x", operator="Exists")
WHILE = Toleration(key="k", operator="Equal", value="v", toleration_seconds=10)


def decided(*tolerations: Toleration, since_s: float = 0, deleting: bool = False) -> Plan:
    found = pod("a", deleting=deleting)
    found = replace(found, spec=replace(found.spec, tolerations=tolerations))
    return decide(found, (TAINT,), since=seconds_ago(since_s), now=NOW)


@pytest.mark.parametrize(
    ("plan", "leaves", "again_after_s"),
    [
        pytest.param(decided(), True, None, id="at once without a toleration"),
        pytest.param(decided(OTHER), True, None, id="at once with another one"),
        pytest.param(decided(EVER), False, None, id="never with one for ever"),
        pytest.param(decided(WHILE, since_s=4), False, 6, id="later with one for a while"),
        pytest.param(decided(WHILE, since_s=10), True, None, id="when that while is over"),
        pytest.param(decided(EVER, WHILE, since_s=10), True, None, id="the shortest counts"),
        pytest.param(decided(deleting=True), False, None, id="not twice"),
    ],
)
def test_decide(plan: Plan, leaves: bool, again_after_s: float | None) -> None:
    assert (bool(plan.delete), plan.again_after_s) == (leaves, again_after_s)


def test_says_why() -> None:
    plan = decided()
    assert [notice.message for notice in plan.notices] == ["Marking for deletion Pod default/a"]
    (patch,) = plan.patch
    assert patch.body["status"]["conditions"][0]["reason"] == "DeletionByTaintManager"
