"""Rules of dynamic resources: device classes, claims, their templates, slices."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from msgspec.structs import replace

from apiserver.strategies.rules import immutable
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import (
    FieldError,
    broken_names,
    duplicate,
    invalid,
    not_supported,
    required,
    too_many,
)
from knarr.api.printing.resource import (
    named_row,
    resource_claim_row,
    resource_slice_row,
)
from knarr.api.resource.dynamic_resources import (
    DeviceClass,
    DeviceRequest,
    DeviceSubRequest,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
    ResourceClaimTemplate,
    ResourceSlice,
    ResourceSliceSpec,
)

REQUESTS_MAX = 32
DEVICES_MAX = 128
MODES = ("All", "ExactCount")

Q = TypeVar("Q", ExactDeviceRequest, DeviceSubRequest)


def _default_claim(spec: ResourceClaimSpec) -> ResourceClaimSpec:
    if spec.devices is None:
        return spec
    requests = tuple(
        replace(
            each,
            exactly=_default_request(each.exactly) if each.exactly is not None else None,
            first_available=tuple(map(_default_request, each.first_available)),
        )
        for each in spec.devices.requests
    )
    return replace(spec, devices=replace(spec.devices, requests=requests))


def _default_request(request: Q) -> Q:
    mode = request.allocation_mode or "ExactCount"
    return replace(
        request,
        allocation_mode=mode,
        count=request.count or (1 if mode == "ExactCount" else 0),
        tolerations=tuple(map(_default_toleration, request.tolerations)),
    )


def _default_toleration(toleration: DeviceToleration) -> DeviceToleration:
    return replace(toleration, operator=toleration.operator or "Equal")


def _claim(spec: ResourceClaimSpec, path: str) -> Iterator[FieldError]:
    requests = spec.devices.requests if spec.devices is not None else ()
    at = f"{path}.devices.requests"
    if len(requests) > REQUESTS_MAX:
        yield too_many(at, len(requests), REQUESTS_MAX)
    seen: set[str] = set()
    for i, request in enumerate(requests):
        yield from _request(request, f"{at}[{i}]")
        if request.name and request.name in seen:
            yield duplicate(f"{at}[{i}].name", request.name)
        seen.add(request.name)


def _request(request: DeviceRequest, path: str) -> Iterator[FieldError]:
    yield from _label(request.name, f"{path}.name")
    if request.exactly is None and not request.first_available:
        yield required(path, "exactly one of `exactly` or `firstAvailable` is required")
    elif request.exactly is not None and request.first_available:
        yield invalid(path, None, "exactly one of `exactly` or `firstAvailable` is required")
    if request.exactly is not None:
        yield from _exact(request.exactly, f"{path}.exactly")
    for i, each in enumerate(request.first_available):
        yield from _label(each.name, f"{path}.firstAvailable[{i}].name")
        yield from _exact(each, f"{path}.firstAvailable[{i}]")


def _label(name: str, path: str) -> Iterator[FieldError]:
    if not name:
        yield required(path)
    else:
        yield from broken_names(path, name, names.dns_label(name))


def _exact(request: ExactDeviceRequest | DeviceSubRequest, path: str) -> Iterator[FieldError]:
    if not request.device_class_name:
        yield required(f"{path}.deviceClassName")
    else:
        yield from broken_names(
            f"{path}.deviceClassName",
            request.device_class_name,
            names.dns_subdomain(request.device_class_name),
        )
    if request.allocation_mode not in MODES:
        yield not_supported(f"{path}.allocationMode", request.allocation_mode, MODES)
    elif request.allocation_mode == "ExactCount" and request.count <= 0:
        yield invalid(f"{path}.count", request.count, "must be greater than zero")
    elif request.allocation_mode == "All" and request.count:
        yield invalid(
            f"{path}.count", request.count, "must not be specified when allocationMode is 'All'"
        )


class DeviceClassRules(Strategy[DeviceClass]):
    """What holds for a DeviceClass."""

    has_status = False

    def row(self, obj: DeviceClass, now: datetime) -> Sequence[Any]:
        """Name and age."""
        return named_row(obj.metadata, now)


class ResourceClaimRules(Strategy[ResourceClaim]):
    """What holds for a ResourceClaim."""

    has_generation = False

    def default(self, obj: ResourceClaim) -> ResourceClaim:
        """Fill in how many devices are asked for."""
        return replace(obj, spec=_default_claim(obj.spec))

    def validate(self, obj: ResourceClaim) -> Iterable[FieldError]:
        """Requests have names and classes."""
        return _claim(obj.spec, "spec")

    def validate_update(self, obj: ResourceClaim, old: ResourceClaim) -> Iterable[FieldError]:
        """What is asked for stays."""
        return immutable(obj.spec, old.spec, "spec")

    def row(self, obj: ResourceClaim, now: datetime) -> Sequence[Any]:
        """Name, state, age."""
        return resource_claim_row(obj, now)


class ResourceClaimTemplateRules(Strategy[ResourceClaimTemplate]):
    """What holds for a ResourceClaimTemplate."""

    has_status = False
    has_generation = False

    def default(self, obj: ResourceClaimTemplate) -> ResourceClaimTemplate:
        """Fill in how many devices are asked for."""
        template = replace(obj.spec, spec=_default_claim(obj.spec.spec))
        return replace(obj, spec=template)

    def validate(self, obj: ResourceClaimTemplate) -> Iterable[FieldError]:
        """Requests have names and classes."""
        return _claim(obj.spec.spec, "spec.spec")

    def validate_update(
        self, obj: ResourceClaimTemplate, old: ResourceClaimTemplate
    ) -> Iterable[FieldError]:
        """All of it stays."""
        return immutable(obj.spec, old.spec, "spec")

    def row(self, obj: ResourceClaimTemplate, now: datetime) -> Sequence[Any]:
        """Name and age."""
        return named_row(obj.metadata, now)


class ResourceSliceRules(Strategy[ResourceSlice]):
    """What holds for a ResourceSlice."""

    has_status = False

    def validate(self, obj: ResourceSlice) -> Iterable[FieldError]:
        """A driver's devices of one pool, each named once."""
        return _slice(obj.spec, "spec")

    def validate_update(self, obj: ResourceSlice, old: ResourceSlice) -> Iterable[FieldError]:
        """Whose devices they are stays."""
        new, before = obj.spec, old.spec
        yield from immutable(new.driver, before.driver, "spec.driver")
        yield from immutable(new.node_name, before.node_name, "spec.nodeName")
        yield from immutable(new.pool.name, before.pool.name, "spec.pool.name")

    def fields(self, obj: ResourceSlice) -> Mapping[str, str]:
        """Nodes look for their own slices, drivers for theirs."""
        return {"spec.driver": obj.spec.driver, "spec.nodeName": obj.spec.node_name or ""}

    def row(self, obj: ResourceSlice, now: datetime) -> Sequence[Any]:
        """Name, node, driver, pool, age."""
        return resource_slice_row(obj, now)


def _slice(spec: ResourceSliceSpec, path: str) -> Iterator[FieldError]:
    if not spec.driver:
        yield required(f"{path}.driver")
    else:
        yield from broken_names(f"{path}.driver", spec.driver, names.dns_subdomain(spec.driver))
    if not spec.pool.name:
        yield required(f"{path}.pool.name")
    if spec.pool.resource_slice_count <= 0:
        yield invalid(
            f"{path}.pool.resourceSliceCount",
            spec.pool.resource_slice_count,
            "must be greater than zero",
        )
    if len(spec.devices) > DEVICES_MAX:
        yield too_many(f"{path}.devices", len(spec.devices), DEVICES_MAX)
    seen: set[str] = set()
    for i, device in enumerate(spec.devices):
        yield from _label(device.name, f"{path}.devices[{i}].name")
        if device.name in seen:
            yield duplicate(f"{path}.devices[{i}].name", device.name)
        seen.add(device.name)
