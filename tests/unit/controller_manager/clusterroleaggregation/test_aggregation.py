"""ClusterRoles that gather others."""

from controller_manager.clusterroleaggregation.decide import decide
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.plan import Plan
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.rules import AggregationRule, PolicyRule

PODS = PolicyRule(verbs=("get",), api_groups=("",), resources=("pods",))
NODES = PolicyRule(verbs=("get",), api_groups=("",), resources=("nodes",))
RULE = AggregationRule(cluster_role_selectors=(LabelSelector(match_labels={"to": "all"}),))


def role(name: str, *rules: PolicyRule, gathers: bool = False, label: str = "") -> ClusterRole:
    return ClusterRole(
        metadata=ObjectMeta(name=name, labels={"to": label} if label else {}),
        rules=rules,
        aggregation_rule=RULE if gathers else None,
    )


def test_gathers_each_rule_once_in_the_order_of_names() -> None:
    others = [
        role("b", NODES, PODS, label="all"),
        role("a", PODS, label="all"),
        role("c", NODES, label="none"),
    ]
    (update,) = decide(role("all", gathers=True, label="all"), others).update
    assert isinstance(update, ClusterRole)
    assert update.rules == (PODS, NODES)
    assert decide(update, [update, *others]) == Plan()


def test_loses_what_is_gone() -> None:
    (update,) = decide(role("all", PODS, gathers=True), []).update
    assert isinstance(update, ClusterRole)
    assert update.rules == ()
    assert decide(role("plain", PODS), []) == Plan()
