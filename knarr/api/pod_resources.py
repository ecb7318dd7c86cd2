"""What a pod asks for and may use in all: the sum over what runs at once."""

from collections.abc import Iterable, Mapping
from typing import Literal

from knarr.api import quantities
from knarr.api.core.container import Container
from knarr.api.core.pod import PodSpec
from knarr.api.scalars import Quantity

Which = Literal["requests", "limits"]
Amounts = dict[str, Quantity]


def total(spec: PodSpec, which: Which) -> Amounts:
    """The pod's requests or limits: containers and sidecars together, or its biggest beginning."""
    running = _sum(_of(each, which) for each in spec.containers)
    sidecars: Amounts = {}
    beginning: Amounts = {}
    for each in spec.init_containers:
        if each.restart_policy == "Always":
            sidecars = _sum((sidecars, _of(each, which)))
            beginning = _max(beginning, sidecars)
        else:
            beginning = _max(beginning, _sum((sidecars, _of(each, which))))
    whole = _max(_sum((running, sidecars)), beginning)
    if spec.resources is not None:
        whole.update(getattr(spec.resources, which))
    for name, amount in spec.overhead.items():
        if which == "requests" or name in whole:
            whole[name] = quantities.add(whole[name], amount) if name in whole else amount
    return whole


def _of(container: Container, which: Which) -> Mapping[str, Quantity]:
    resources = container.resources
    if resources is None:
        return {}
    amounts: Mapping[str, Quantity] = getattr(resources, which)
    return amounts


def _sum(parts: Iterable[Mapping[str, Quantity]]) -> Amounts:
    total_amounts: Amounts = {}
    for part in parts:
        for name, amount in part.items():
            before = total_amounts.get(name)
            total_amounts[name] = amount if before is None else quantities.add(before, amount)
    return total_amounts


def _max(left: Mapping[str, Quantity], right: Mapping[str, Quantity]) -> Amounts:
    highest = dict(left)
    for name, amount in right.items():
        if name not in highest or quantities.compare(amount, highest[name]) > 0:
            highest[name] = amount
    return highest
