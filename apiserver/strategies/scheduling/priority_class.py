"""Rules of a PriorityClass."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Context, Strategy
from knarr.api.field_errors import FieldError, forbidden, not_supported, required
from knarr.api.printing.cluster import priority_class_row
from knarr.api.scheduling.priority_class import PriorityClass

USER_VALUE_MAX = 1_000_000_000
"""The system's own classes are above all others."""
SYSTEM_PREFIX = "system-"
SYSTEM_VALUES: Mapping[str, int] = {
    "system-node-critical": 2_000_001_000,
    "system-cluster-critical": 2_000_000_000,
}
POLICIES = ("PreemptLowerPriority", "Never")


class PriorityClassRules(Strategy[PriorityClass]):
    """What holds for a PriorityClass."""

    has_status = False
    has_generation = False

    def default(self, obj: PriorityClass) -> PriorityClass:
        """Pods may push out those of lower priority."""
        if obj.preemption_policy is not None:
            return obj
        return replace(obj, preemption_policy=POLICIES[0])

    def prepare_for_create(self, obj: PriorityClass, context: Context) -> PriorityClass:
        """It has one generation for ever."""
        return replace(obj, metadata=replace(obj.metadata, generation=1))

    def validate(self, obj: PriorityClass) -> Iterable[FieldError]:
        """Users' classes keep below the system's."""
        name = obj.metadata.name
        if name.startswith(SYSTEM_PREFIX):
            yield from _system(obj)
        elif obj.value > USER_VALUE_MAX:
            yield forbidden(
                "value", f"maximum allowed value of a user defined priority is {USER_VALUE_MAX}"
            )
        policy = obj.preemption_policy
        if policy == "":
            yield required("preemptionPolicy")
        elif policy is not None and policy not in POLICIES:
            yield not_supported("preemptionPolicy", policy, POLICIES, in_order=True)

    def validate_update(self, obj: PriorityClass, old: PriorityClass) -> Iterable[FieldError]:
        """Value and policy stay."""
        if obj.value != old.value:
            yield forbidden("value", "may not be changed in an update.")
        yield from immutable(obj.preemption_policy, old.preemption_policy, "preemptionPolicy")

    def row(self, obj: PriorityClass, now: datetime) -> Sequence[Any]:
        """Name, value, whether it is the default, age, policy."""
        return priority_class_row(obj, now)


def _system(obj: PriorityClass) -> Iterator[FieldError]:
    name = obj.metadata.name
    value = SYSTEM_VALUES.get(name)
    if value is None:
        wrong = f"{name} is not a known system priority class"
    elif obj.value != value:
        wrong = f"value of {name} PriorityClass must be {value}"
    elif obj.global_default:
        wrong = f"globalDefault of {name} PriorityClass must be false"
    else:
        return
    yield forbidden(
        "metadata.name",
        "priority class names with 'system-' prefix are reserved for system use only. "
        f"error: {wrong}",
    )
