"""The FlowSchemas and priority levels that every cluster has, as Kubernetes names them."""

from collections.abc import Iterable
from typing import NamedTuple

from knarr.api.flowcontrol.flow_schema import (
    FlowDistinguisherMethod,
    FlowSchema,
    FlowSchemaSpec,
    GroupSubject,
    NonResourcePolicyRule,
    PolicyRulesWithSubjects,
    PriorityLevelConfigurationReference,
    ResourcePolicyRule,
    ServiceAccountSubject,
    Subject,
    UserSubject,
)
from knarr.api.flowcontrol.priority_level_configuration import (
    ExemptPriorityLevelConfiguration,
    LimitedPriorityLevelConfiguration,
    LimitResponse,
    PriorityLevelConfiguration,
    PriorityLevelConfigurationSpec,
    QueuingConfiguration,
)
from knarr.api.meta.object_meta import ObjectMeta

_ALL = ("*",)


class _Level(NamedTuple):
    shares: int
    lendable_percent: int
    queues: int
    """None where what cannot run at once is refused: 0."""
    hand_size: int


_LEVELS = {
    "catch-all": _Level(5, 0, 0, 0),
    "global-default": _Level(20, 50, 128, 6),
    "leader-election": _Level(10, 0, 16, 4),
    "node-high": _Level(40, 25, 64, 6),
    "system": _Level(30, 33, 64, 6),
    "workload-high": _Level(40, 50, 128, 6),
    "workload-low": _Level(100, 90, 128, 6),
}


class _Flow(NamedTuple):
    precedence: int
    level: str
    subjects: tuple[str, ...]
    """A group `g:…`, a user `u:…` or a service account `s:namespace/name`."""
    by: str = ""
    resources: tuple[tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
        (_ALL, _ALL, _ALL),
    )
    """Verbs, groups and resources."""
    paths: tuple[str, ...] = _ALL


_EVERYBODY = ("g:system:unauthenticated", "g:system:authenticated")
_NODE_UPDATES = (
    (_ALL, ("",), ("nodes", "nodes/status")),
    (_ALL, ("coordination.k8s.io",), ("leases",)),
)
_LEASES = ((("get", "create", "update"), ("coordination.k8s.io",), ("leases",)),)

_FLOWS = {
    "exempt": _Flow(1, "exempt", ("g:system:masters",)),
    "probes": _Flow(2, "exempt", _EVERYBODY, "", (), ("/healthz", "/readyz", "/livez")),
    "system-leader-election": _Flow(
        100,
        "leader-election",
        ("u:system:kube-controller-manager", "u:system:kube-scheduler", "s:kube-system/*"),
        "ByUser",
        _LEASES,
        (),
    ),
    "system-node-high": _Flow(400, "node-high", ("g:system:nodes",), "ByUser", _NODE_UPDATES, ()),
    "system-nodes": _Flow(500, "system", ("g:system:nodes",), "ByUser"),
    "kube-controller-manager": _Flow(
        800, "workload-high", ("u:system:kube-controller-manager",), "ByNamespace"
    ),
    "kube-scheduler": _Flow(800, "workload-high", ("u:system:kube-scheduler",), "ByNamespace"),
    "kube-system-service-accounts": _Flow(
        900, "workload-high", ("s:kube-system/*",), "ByNamespace"
    ),
    "service-accounts": _Flow(9000, "workload-low", ("g:system:serviceaccounts",), "ByUser"),
    "global-default": _Flow(9900, "global-default", _EVERYBODY, "ByUser"),
    "catch-all": _Flow(10000, "catch-all", _EVERYBODY, "ByUser"),
}


def priority_levels() -> Iterable[PriorityLevelConfiguration]:
    """The levels."""
    yield PriorityLevelConfiguration(
        metadata=ObjectMeta(name="exempt"),
        spec=PriorityLevelConfigurationSpec(
            type="Exempt",
            exempt=ExemptPriorityLevelConfiguration(
                lendable_percent=0, nominal_concurrency_shares=0
            ),
        ),
    )
    for name, level in _LEVELS.items():
        queuing = QueuingConfiguration(
            queues=level.queues, hand_size=level.hand_size, queue_length_limit=50
        )
        response = LimitResponse(type="Queue", queuing=queuing)
        yield PriorityLevelConfiguration(
            metadata=ObjectMeta(name=name),
            spec=PriorityLevelConfigurationSpec(
                type="Limited",
                limited=LimitedPriorityLevelConfiguration(
                    nominal_concurrency_shares=level.shares,
                    lendable_percent=level.lendable_percent,
                    limit_response=response if level.queues else LimitResponse(type="Reject"),
                ),
            ),
        )


def flow_schemas() -> Iterable[FlowSchema]:
    """The schemas."""
    for name, flow in _FLOWS.items():
        rule = PolicyRulesWithSubjects(
            subjects=tuple(_subject(text) for text in flow.subjects),
            resource_rules=tuple(
                ResourcePolicyRule(
                    verbs=verbs,
                    api_groups=groups,
                    resources=resources,
                    namespaces=_ALL,
                    cluster_scope=True,
                )
                for verbs, groups, resources in flow.resources
            ),
            non_resource_rules=(
                (NonResourcePolicyRule(verbs=_ALL, non_resource_urls=flow.paths),)
                if flow.paths
                else ()
            ),
        )
        yield FlowSchema(
            metadata=ObjectMeta(name=name),
            spec=FlowSchemaSpec(
                matching_precedence=flow.precedence,
                priority_level_configuration=PriorityLevelConfigurationReference(name=flow.level),
                distinguisher_method=FlowDistinguisherMethod(type=flow.by) if flow.by else None,
                rules=(rule,),
            ),
        )


def _subject(text: str) -> Subject:
    kind, _, name = text.partition(":")
    if kind == "g":
        return Subject(kind="Group", group=GroupSubject(name=name))
    if kind == "u":
        return Subject(kind="User", user=UserSubject(name=name))
    namespace, _, account = name.partition("/")
    found = ServiceAccountSubject(namespace=namespace, name=account)
    return Subject(kind="ServiceAccount", service_account=found)
