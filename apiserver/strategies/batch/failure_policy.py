"""Rules of a Job's pod failure policy and success policy."""

from collections.abc import Iterator, Sequence

from apiserver.strategies.batch import indexes
from apiserver.strategies.rules import not_negative
from knarr.api import names
from knarr.api.batch.job import (
    JobSpec,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
    SuccessPolicyRule,
)
from knarr.api.field_errors import (
    OMITTED,
    FieldError,
    Told,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)

RULES_MAX = 20
EXIT_CODES_MAX = 255
PATTERNS_MAX = 20
INDEXES_BYTES_MAX = 64 * 1024

ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
OPERATORS = ("In", "NotIn")
STATUSES = ("False", "True", "Unknown")


def _valid_values(words: Sequence[str]) -> str:
    return "valid values: [" + " ".join(f'"{word}"' for word in words) + "]"


def failure_policy(spec: JobSpec, path: str) -> Iterator[FieldError]:
    """Few rules, each of one kind, each naming what is there."""
    policy = spec.pod_failure_policy
    if policy is None:
        return
    if len(policy.rules) > RULES_MAX:
        yield too_many(f"{path}.rules", len(policy.rules), RULES_MAX)
    pod = spec.template.spec
    containers = {each.name for each in (*pod.containers, *pod.init_containers)}
    for i, rule in enumerate(policy.rules):
        yield from _rule(spec, rule, f"{path}.rules[{i}]", containers)


def _rule(
    spec: JobSpec, rule: PodFailurePolicyRule, path: str, containers: set[str]
) -> Iterator[FieldError]:
    if not rule.action:
        yield required(f"{path}.action", _valid_values(ACTIONS))
    elif rule.action not in ACTIONS:
        yield not_supported(f"{path}.action", rule.action, ACTIONS)
    elif rule.action == "FailIndex" and spec.backoff_limit_per_index is None:
        yield invalid(f"{path}.action", rule.action, "requires the backoffLimitPerIndex to be set")
    if rule.on_exit_codes is not None:
        yield from _exit_codes(rule.on_exit_codes, f"{path}.onExitCodes", containers)
    if rule.on_pod_conditions:
        yield from _pod_conditions(rule.on_pod_conditions, f"{path}.onPodConditions")
        if rule.on_exit_codes is not None:
            yield invalid(
                path,
                OMITTED,
                "specifying both OnExitCodes and OnPodConditions is not supported",
            )
    elif rule.on_exit_codes is None:
        yield invalid(
            path, OMITTED, "specifying one of OnExitCodes and OnPodConditions is required"
        )


def _exit_codes(
    codes: PodFailurePolicyOnExitCodesRequirement, path: str, containers: set[str]
) -> Iterator[FieldError]:
    if not codes.operator:
        yield required(f"{path}.operator", _valid_values(OPERATORS))
    elif codes.operator not in OPERATORS:
        yield not_supported(f"{path}.operator", codes.operator, OPERATORS)
    if codes.container_name is not None and codes.container_name not in containers:
        yield invalid(
            f"{path}.containerName",
            codes.container_name,
            "must be one of the container or initContainer names in the pod template",
        )
    if not codes.values:
        yield invalid(f"{path}.values", codes.values, "at least one value is required")
    elif len(codes.values) > EXIT_CODES_MAX:
        yield too_many(f"{path}.values", len(codes.values), EXIT_CODES_MAX)
    yield from _values(codes, f"{path}.values")


def _values(codes: PodFailurePolicyOnExitCodesRequirement, path: str) -> Iterator[FieldError]:
    seen: set[int] = set()
    for i, code in enumerate(codes.values):
        if codes.operator == "In" and code == 0:
            yield invalid(f"{path}[{i}]", code, "must not be 0 for the In operator")
        if code in seen:
            yield duplicate(f"{path}[{i}]", code)
        seen.add(code)
    if list(codes.values) != sorted(codes.values):
        yield invalid(path, codes.values, "must be ordered")


def _pod_conditions(
    patterns: Sequence[PodFailurePolicyOnPodConditionsPattern], path: str
) -> Iterator[FieldError]:
    if len(patterns) > PATTERNS_MAX:
        yield too_many(path, len(patterns), PATTERNS_MAX)
    for i, pattern in enumerate(patterns):
        yield from broken_names(
            f"{path}[{i}].type", pattern.type, names.qualified_name(pattern.type)
        )
        if not pattern.status:
            yield required(f"{path}[{i}].status", _valid_values(STATUSES))
        elif pattern.status not in STATUSES:
            yield not_supported(f"{path}[{i}].status", pattern.status, STATUSES)


def success_policy(spec: JobSpec, path: str) -> Iterator[FieldError]:
    """Rules that an indexed Job may end by."""
    policy = spec.success_policy
    if policy is None:
        return
    if spec.completion_mode != "Indexed":
        yield invalid(path, told_success_policy(spec), "requires indexed completion mode")
        return
    if not policy.rules:
        yield required(
            f"{path}.rules",
            "at least one rules must be specified when the successPolicy is specified",
        )
    elif len(policy.rules) > RULES_MAX:
        yield too_many(f"{path}.rules", len(policy.rules), RULES_MAX)
    for i, rule in enumerate(policy.rules):
        yield from _success_rule(rule, f"{path}.rules[{i}]", spec.completions or 0)


def _success_rule(rule: SuccessPolicyRule, path: str, completions: int) -> Iterator[FieldError]:
    wanted, listed = rule.succeeded_count, rule.succeeded_indexes
    if wanted is None and listed is None:
        yield required(path, "at least one of succeededCount or succeededIndexes must be specified")
    total = 0
    if listed is not None:
        if len(listed) > INDEXES_BYTES_MAX:
            yield too_long(f"{path}.succeededIndexes", INDEXES_BYTES_MAX)
        try:
            total = indexes.count(listed, completions)
        except indexes.IndexesError as error:
            yield invalid(
                f"{path}.succeededIndexes", listed, f"error parsing succeededIndexes: {error}"
            )
    if wanted is None:
        return
    yield from not_negative(wanted, f"{path}.succeededCount")
    if wanted > completions:
        yield invalid(
            f"{path}.succeededCount",
            wanted,
            f"must be less than or equal to {completions} (the number of specified completions)",
        )
    if listed is not None and wanted > total:
        yield invalid(
            f"{path}.succeededCount",
            wanted,
            f"must be less than or equal to {total} (the number of indexes in the specified "
            "succeededIndexes field)",
        )


def told_failure_policy(spec: JobSpec) -> Told | None:
    """The failure policy as messages show it."""
    if spec.pod_failure_policy is None:
        return None
    return Told(Rules=[_told_rule(rule) for rule in spec.pod_failure_policy.rules])


def _told_rule(rule: PodFailurePolicyRule) -> Told:
    codes, patterns = rule.on_exit_codes, rule.on_pod_conditions
    return Told(
        Action=rule.action,
        OnExitCodes=codes
        and Told(
            ContainerName=codes.container_name,
            Operator=codes.operator,
            Values=codes.values or None,
        ),
        OnPodConditions=[Told(Type=each.type, Status=each.status) for each in patterns] or None,
    )


def told_success_policy(spec: JobSpec) -> Told | None:
    """The success policy as messages show it."""
    if spec.success_policy is None:
        return None
    rules = [
        Told(SucceededIndexes=rule.succeeded_indexes, SucceededCount=rule.succeeded_count)
        for rule in spec.success_policy.rules
    ]
    return Told(Rules=rules or None)
