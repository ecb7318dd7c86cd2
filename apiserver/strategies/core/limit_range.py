"""Rules of a LimitRange."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from apiserver.strategies.pod_defaults import whole_milli
from apiserver.strategies.pod_spec.resources import (
    is_overcommit_allowed,
    validate_container_resource_name,
    validate_resource_name,
)
from apiserver.strategies.strategy import Strategy
from knarr.api import names, quantities
from knarr.api.core.limit_range import LimitRange, LimitRangeItem
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    forbidden,
    invalid,
    required,
)
from knarr.api.printing.core import limit_range_row
from knarr.api.scalars import Quantity

_STANDARD_TYPES = ("Pod", "Container", "PersistentVolumeClaim")


class LimitRangeRules(Strategy[LimitRange]):
    """What holds for a LimitRange."""

    has_status = False
    has_generation = False
    allow_create_on_update = True

    def default(self, obj: LimitRange) -> LimitRange:
        """Containers get the maximum where no default is given, and request that or the minimum."""
        limits = tuple(map(_default_item, obj.spec.limits))
        return replace(obj, spec=replace(obj.spec, limits=limits))

    def validate(self, obj: LimitRange) -> Iterable[FieldError]:
        """Bounds that leave room, defaults between them."""
        return _validate(obj.spec.limits, "spec.limits")

    def row(self, obj: LimitRange, now: datetime) -> Sequence[Any]:
        """Name, moment of creation."""
        return limit_range_row(obj, now)


def _default_item(item: LimitRangeItem) -> LimitRangeItem:
    low, high = whole_milli(item.min), whole_milli(item.max)
    limit, request = whole_milli(item.default), whole_milli(item.default_request)
    if item.type == "Container":
        limit = {**high, **limit}
        request = {**low, **limit, **request}
    return replace(
        item,
        min=low,
        max=high,
        default=limit,
        default_request=request,
        max_limit_request_ratio=whole_milli(item.max_limit_request_ratio),
    )


def _validate(items: tuple[LimitRangeItem, ...], path: str) -> Iterator[FieldError]:
    seen: set[str] = set()
    for i, item in enumerate(items):
        at = f"{path}[{i}]"
        yield from _validate_type(item.type, f"{at}.type")
        if item.type in seen:
            yield duplicate(f"{at}.type", item.type)
        seen.add(item.type)
        yield from _validate_resources(item, at)
        for name in sorted(
            {
                *item.max,
                *item.min,
                *item.default,
                *item.default_request,
                *item.max_limit_request_ratio,
            }
        ):
            yield from _validate_order(item, name, at)
            yield from _validate_ratio(item, name, at)


def _validate_type(name: str, path: str) -> Iterator[FieldError]:
    broken = broken_names(path, name, names.qualified_name(name))
    yield from broken
    if not broken and "/" not in name and name not in _STANDARD_TYPES:
        yield invalid(path, name, "must be a standard limit type or fully qualified")


def _validate_resources(item: LimitRangeItem, path: str) -> Iterator[FieldError]:
    yield from _validate_names(item.type, item.max, f"{path}.max")
    yield from _validate_names(item.type, item.min, f"{path}.min")
    for field, given in (("default", item.default), ("defaultRequest", item.default_request)):
        if item.type != "Pod":
            yield from _validate_names(item.type, given, f"{path}.{field}")
        elif given:
            yield forbidden(f"{path}.{field}", "may not be specified when `type` is 'Pod'")
    if item.type == "PersistentVolumeClaim" and not {"storage"} & {*item.min, *item.max}:
        detail = "either minimum or maximum storage value is required, but neither was provided"
        yield required(f"{path}.limits", detail)
    ratios = item.max_limit_request_ratio
    yield from _validate_names(item.type, ratios, f"{path}.maxLimitRequestRatio")


def _validate_names(kind: str, amounts: Mapping[str, Quantity], path: str) -> Iterator[FieldError]:
    rule = (
        validate_container_resource_name if kind in ("Pod", "Container") else validate_resource_name
    )
    for name in sorted(amounts):
        yield from rule(name, f"{path}[{name}]")


def _validate_order(item: LimitRangeItem, name: str, path: str) -> Iterator[FieldError]:
    """Each of five pairs has its smaller one first."""
    low, high = ("min", item.min.get(name)), ("max", item.max.get(name))
    limit = ("default", item.default.get(name))
    request = ("default request", item.default_request.get(name))
    default_limit = ("default limit", limit[1])
    for field, small, large, shown in (
        ("min", low, high, low),
        ("defaultRequest", low, request, request),
        ("defaultRequest", request, high, request),
        ("defaultRequest", request, default_limit, request),
        ("default", low, limit, low),
        ("default", limit, high, high),
    ):
        if small[1] is None or large[1] is None:
            continue
        if quantities.compare(small[1], large[1]) > 0:
            detail = f"{small[0]} value {small[1]} is greater than {large[0]} value {large[1]}"
            yield invalid(f"{path}.{field}[{name}]", shown[1], detail)


def _validate_ratio(item: LimitRangeItem, name: str, path: str) -> Iterator[FieldError]:
    ratio = item.max_limit_request_ratio.get(name)
    low, high = item.min.get(name), item.max.get(name)
    at = f"{path}.maxLimitRequestRatio[{name}]"
    if ratio is not None and quantities.compare(ratio, "1") < 0:
        yield invalid(at, ratio, f"ratio {ratio} is less than 1")
    if ratio is not None and low is not None and high is not None:
        smallest = quantities.parse(low).nanos
        largest = quantities.parse(high).nanos
        if smallest and quantities.parse(ratio).nanos / 1e9 > largest / smallest:
            detail = f"ratio {ratio} is greater than max/min = {largest / smallest:f}"
            yield invalid(at, ratio, detail)
    limit, request = item.default.get(name), item.default_request.get(name)
    if limit is None or request is None or is_overcommit_allowed(name):
        return
    if quantities.compare(limit, request):
        detail = f"default value {limit} must equal to defaultRequest value {request} in {name}"
        yield invalid(f"{path}.defaultRequest[{name}]", request, detail)
