"""Rules for taints borne, gates, spreading and readiness gates."""

from collections.abc import Iterator

from apiserver.strategies.label_rules import validate_label_name, validate_label_selector
from apiserver.strategies.pod_spec.affinity import validate_label_keys
from knarr.api import names
from knarr.api.core.pod import PodReadinessGate
from knarr.api.core.scheduling import PodSchedulingGate, Toleration, TopologySpreadConstraint
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
)

TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


def validate_tolerations(tolerations: tuple[Toleration, ...], path: str) -> Iterator[FieldError]:
    """Taints that the pod bears."""
    for i, toleration in enumerate(tolerations):
        yield from _validate_toleration(toleration, f"{path}[{i}]")


def _validate_toleration(toleration: Toleration, path: str) -> Iterator[FieldError]:
    operator, effect = toleration.operator, toleration.effect
    if toleration.key:
        yield from validate_label_name(toleration.key, f"{path}.key")
    elif operator != "Exists":
        detail = (
            "operator must be Exists when `key` is empty, "
            'which means "match all values and all keys"'
        )
        yield invalid(f"{path}.operator", operator, detail)
    if toleration.toleration_seconds is not None and effect != "NoExecute":
        detail = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        yield invalid(f"{path}.effect", effect, detail)
    yield from _validate_operator(operator, toleration.value, f"{path}.operator")
    if effect:
        yield from validate_taint_effect(effect, f"{path}.effect")


def _validate_operator(operator: str, value: str, path: str) -> Iterator[FieldError]:
    if operator in ("", "Equal"):
        broken = names.label_value(value)
        if broken:
            yield invalid(path, value, ";".join(broken))
    elif operator != "Exists":
        yield not_supported(path, operator, ("Equal", "Exists"), in_order=True)
    elif value:
        yield invalid(path, value, "value must be empty when `operator` is 'Exists'")


def validate_taint_effect(
    effect: str, path: str, *, allow_empty: bool = True
) -> Iterator[FieldError]:
    """What a taint does to pods that do not bear it."""
    if not effect and not allow_empty:
        yield required(path)
    elif effect not in TAINT_EFFECTS:
        yield not_supported(path, effect, TAINT_EFFECTS, in_order=True)


def validate_scheduling_gates(
    gates: tuple[PodSchedulingGate, ...], path: str
) -> Iterator[FieldError]:
    """What has to happen before the pod is scheduled."""
    seen: set[str] = set()
    for i, gate in enumerate(gates):
        yield from broken_names(f"{path}[{i}]", gate.name, names.qualified_name(gate.name))
        if gate.name in seen:
            yield duplicate(f"{path}[{i}]", gate.name)
        seen.add(gate.name)


def validate_readiness_gates(
    gates: tuple[PodReadinessGate, ...], path: str
) -> Iterator[FieldError]:
    """Conditions that readiness waits for."""
    for i, gate in enumerate(gates):
        name = gate.condition_type
        yield from broken_names(f"{path}[{i}].conditionType", name, names.qualified_name(name))


def validate_spread(
    constraints: tuple[TopologySpreadConstraint, ...], path: str
) -> Iterator[FieldError]:
    """How pods spread over zones, hosts and the like."""
    seen: set[tuple[str, str]] = set()
    for i, constraint in enumerate(constraints):
        at = f"{path}[{i}]"
        yield from _validate_skew(constraint, at)
        pair = (constraint.topology_key, constraint.when_unsatisfiable)
        if pair in seen:
            yield duplicate(f"{at}.{{topologyKey, whenUnsatisfiable}}", f"{{{pair[0]}, {pair[1]}}}")
        seen.add(pair)
        yield from _validate_min_domains(constraint, at)
        for name, policy in (
            ("nodeAffinityPolicy", constraint.node_affinity_policy),
            ("nodeTaintsPolicy", constraint.node_taints_policy),
        ):
            if policy is not None and policy not in ("Honor", "Ignore"):
                yield not_supported(f"{at}.{name}", policy, ("Honor", "Ignore"))
        yield from validate_label_keys(
            constraint.match_label_keys, constraint.label_selector, f"{at}.matchLabelKeys", at
        )
        yield from validate_label_selector(constraint.label_selector, f"{at}.labelSelector")


def _validate_skew(constraint: TopologySpreadConstraint, path: str) -> Iterator[FieldError]:
    if constraint.max_skew <= 0:
        yield invalid(f"{path}.maxSkew", constraint.max_skew, "must be greater than zero")
    if not constraint.topology_key:
        yield required(f"{path}.topologyKey", "can not be empty")
    else:
        yield from validate_label_name(constraint.topology_key, f"{path}.topologyKey")
    known = ("DoNotSchedule", "ScheduleAnyway")
    if constraint.when_unsatisfiable not in known:
        yield not_supported(f"{path}.whenUnsatisfiable", constraint.when_unsatisfiable, known)


def _validate_min_domains(constraint: TopologySpreadConstraint, path: str) -> Iterator[FieldError]:
    domains = constraint.min_domains
    if domains is None:
        return
    if domains <= 0:
        yield invalid(f"{path}.minDomains", domains, "must be greater than zero")
    if constraint.when_unsatisfiable != "DoNotSchedule":
        detail = (
            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, "
            f"not {constraint.when_unsatisfiable}"
        )
        yield invalid(f"{path}.minDomains", domains, detail)
