"""Rules of how fast a HorizontalPodAutoscaler may scale."""

from collections.abc import Iterator

from msgspec.structs import replace

from knarr.api import quantities
from knarr.api.autoscaling.horizontal_pod_autoscaler import (
    HorizontalPodAutoscalerBehavior,
    HPAScalingPolicy,
    HPAScalingRules,
)
from knarr.api.field_errors import FieldError, invalid, not_supported, required

STABILIZATION_S_MAX = 3600
PERIOD_S_MAX = 1800

_UP = HPAScalingRules(
    stabilization_window_seconds=0,
    select_policy="Max",
    policies=(
        HPAScalingPolicy(type="Pods", value=4, period_seconds=15),
        HPAScalingPolicy(type="Percent", value=100, period_seconds=15),
    ),
)
_DOWN = HPAScalingRules(
    select_policy="Max",
    policies=(HPAScalingPolicy(type="Percent", value=100, period_seconds=15),),
)


def default_behavior(
    behavior: HorizontalPodAutoscalerBehavior | None,
) -> HorizontalPodAutoscalerBehavior | None:
    """Fill in both directions where the user says anything of either."""
    if behavior is None:
        return None
    return HorizontalPodAutoscalerBehavior(
        scale_up=_merged(behavior.scale_up, _UP), scale_down=_merged(behavior.scale_down, _DOWN)
    )


def _merged(rules: HPAScalingRules | None, defaults: HPAScalingRules) -> HPAScalingRules:
    if rules is None:
        return defaults
    window = rules.stabilization_window_seconds
    return replace(
        rules,
        policies=defaults.policies if rules.policies is None else rules.policies,
        select_policy=defaults.select_policy
        if rules.select_policy is None
        else rules.select_policy,
        stabilization_window_seconds=(
            defaults.stabilization_window_seconds if window is None else window
        ),
    )


def behavior(given: HorizontalPodAutoscalerBehavior | None, path: str) -> Iterator[FieldError]:
    """Both directions keep to the rules."""
    if given is None:
        return
    yield from _rules(given.scale_up, f"{path}.scaleUp")
    yield from _rules(given.scale_down, f"{path}.scaleDown")


def _rules(rules: HPAScalingRules | None, path: str) -> Iterator[FieldError]:
    if rules is None:
        return
    window = rules.stabilization_window_seconds
    if window is not None and window < 0:
        yield invalid(
            f"{path}.stabilizationWindowSeconds", window, "must be greater than or equal to zero"
        )
    if window is not None and window > STABILIZATION_S_MAX:
        yield invalid(
            f"{path}.stabilizationWindowSeconds",
            window,
            f"must be less than or equal to {STABILIZATION_S_MAX}",
        )
    if rules.select_policy not in (None, "Max", "Min", "Disabled"):
        yield not_supported(f"{path}.selectPolicy", rules.select_policy, ("Disabled", "Max", "Min"))
    if not rules.policies:
        yield required(f"{path}.policies", "must specify at least one Policy")
    for i, policy in enumerate(rules.policies or ()):
        yield from _policy(policy, f"{path}.policies[{i}]")
    if rules.tolerance is not None and quantities.compare(rules.tolerance, "0") < 0:
        yield invalid(f"{path}.tolerance", rules.tolerance, "must be greater than or equal to 0")


def _policy(policy: HPAScalingPolicy, path: str) -> Iterator[FieldError]:
    if policy.type not in ("Percent", "Pods"):
        yield not_supported(f"{path}.type", policy.type, ("Percent", "Pods"))
    if policy.value <= 0:
        yield invalid(f"{path}.value", policy.value, "must be greater than zero")
    if policy.period_seconds <= 0:
        yield invalid(f"{path}.periodSeconds", policy.period_seconds, "must be greater than zero")
    if policy.period_seconds > PERIOD_S_MAX:
        yield invalid(
            f"{path}.periodSeconds",
            policy.period_seconds,
            f"must be less than or equal to {PERIOD_S_MAX}",
        )
