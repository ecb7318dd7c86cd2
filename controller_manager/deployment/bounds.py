"""How far a rollout may stray from the wanted number of replicas."""

from knarr.api.apps.deployment import Deployment
from knarr.api.scalars import IntOrString


def wanted(deployment: Deployment) -> int:
    """The number of replicas asked for."""
    assert deployment.spec.replicas is not None, "the server fills in spec.replicas"
    return deployment.spec.replicas


def is_rolling(deployment: Deployment) -> bool:
    """Whether the strategy is RollingUpdate."""
    return deployment.spec.strategy.type == "RollingUpdate"


def max_surge(deployment: Deployment) -> int:
    """How many pods there may be above the wanted number."""
    return _bounds(deployment)[0]


def max_unavailable(deployment: Deployment) -> int:
    """How many of the wanted pods may be unavailable. Never zero together with `max_surge`."""
    return min(_bounds(deployment)[1], wanted(deployment))


def _bounds(deployment: Deployment) -> tuple[int, int]:
    rolling = deployment.spec.strategy.rolling_update
    if not is_rolling(deployment) or rolling is None:
        return 0, 0
    total = wanted(deployment)
    surge = scaled(rolling.max_surge, total, up=True)
    unavailable = scaled(rolling.max_unavailable, total, up=False)
    if surge == 0 and unavailable == 0:
        unavailable = 1  # Percentages may both round to nothing; something must move.
    return surge, unavailable


def scaled(value: IntOrString | None, total: int, *, up: bool) -> int:
    """A number as it is, a percentage of `total` rounded up or down; nothing is zero."""
    if isinstance(value, str):
        percent = int(value.removesuffix("%"))
        return (percent * total + (99 if up else 0)) // 100
    return value or 0
