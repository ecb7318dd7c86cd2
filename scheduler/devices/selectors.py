"""Whether a device is what a request wants: expressions, taints, capacity."""

from collections.abc import Iterable, Sequence
from typing import Any

from knarr.api.resource.dynamic_resources import (
    Device,
    DeviceAttribute,
    DeviceSelector,
    DeviceTaint,
    DeviceToleration,
)
from knarr.cel.errors import CelError, CelSyntaxError
from knarr.cel.program import program
from knarr.cel.quantity import quantity
from knarr.cel.semver import semver
from scheduler.devices.inventory import Found

REPELLING = frozenset(("NoSchedule", "NoExecute"))
"""Effects of taints that keep a device from those who do not tolerate them."""


def wanted(found: Found, selectors: Sequence[DeviceSelector]) -> bool:
    """Whether all expressions hold for a device; one that fails does not hold."""
    if not selectors:
        return True
    variables = {"device": _as_cel(found)}
    for each in selectors:
        if each.cel is None:
            return False  # A kind of selector that nobody knows.
        try:
            if program(each.cel.expression).evaluate(variables) is not True:
                return False
        except (CelError, CelSyntaxError):
            return False
    return True


def is_tolerated(device: Device, tolerations: Sequence[DeviceToleration]) -> bool:
    """Whether nothing about a device repels whoever tolerates so much."""
    return all(
        any(_tolerates(each, taint) for each in tolerations)
        for taint in device.taints
        if taint.effect in REPELLING
    )


def attribute(found: Found, name: str) -> Any:
    """The value of an attribute of a full name, None where the device has none."""
    value = found.device.attributes.get(name)
    domain, _, short = name.partition("/")
    if value is None and domain == found.id.driver:
        value = found.device.attributes.get(short)
    return None if value is None else _plain(value)


def _as_cel(found: Found) -> dict[str, Any]:
    device, driver = found.device, found.id.driver
    attributes = ((name, _plain(value)) for name, value in device.attributes.items())
    capacity = ((name, quantity(each.value)) for name, each in device.capacity.items())
    return {
        "driver": driver,
        "attributes": _by_domain(attributes, driver),
        "capacity": _by_domain(capacity, driver),
        "allowMultipleAllocations": bool(device.allow_multiple_allocations),
    }


def _by_domain(named: Iterable[tuple[str, Any]], driver: str) -> dict[str, dict[str, Any]]:
    """Values by domain and short name; what names no domain is of its driver's."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in named:
        domain, slash, short = name.partition("/")
        where, what = (domain, short) if slash else (driver, name)
        found.setdefault(where, {})[what] = value
    return found


def _plain(value: DeviceAttribute) -> Any:
    if value.version is not None:
        return semver(value.version)
    for each in (value.bool_, value.int_, value.string):
        if each is not None:
            return each
    if value.versions:
        return [semver(each) for each in value.versions]
    return list(value.bools or value.ints or value.strings)


def _tolerates(toleration: DeviceToleration, taint: DeviceTaint) -> bool:
    if toleration.effect and toleration.effect != taint.effect:
        return False
    if toleration.key and toleration.key != taint.key:
        return False
    return toleration.operator == "Exists" or toleration.value == taint.value
