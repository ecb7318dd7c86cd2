"""Rules of the addresses that Services get: IPAddress and ServiceCIDR."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from apiserver.strategies.rules import IMMUTABLE, immutable
from apiserver.strategies.strategy import Strategy
from knarr.api import names
from knarr.api.field_errors import FieldError, broken_names, invalid, required
from knarr.api.networking.ip_address import IPAddress, ParentReference
from knarr.api.networking.service_cidr import ServiceCIDR
from knarr.api.printing.networking import ip_address_row, service_cidr_row

CIDRS_MAX = 2


class IPAddressRules(Strategy[IPAddress]):
    """What holds for an IPAddress, whose name is the address."""

    has_status = False
    has_generation = False

    def validate(self, obj: IPAddress) -> Iterable[FieldError]:
        """It belongs to something."""
        return _parent(obj.spec.parent_ref, "spec.parentRef")

    def validate_update(self, obj: IPAddress, old: IPAddress) -> Iterable[FieldError]:
        """Whom it belongs to stays."""
        return immutable(obj.spec.parent_ref, old.spec.parent_ref, "spec.parentRef")

    def row(self, obj: IPAddress, now: datetime) -> Sequence[Any]:
        """Name and parent."""
        return ip_address_row(obj, now)


def _parent(parent: ParentReference, path: str) -> Iterator[FieldError]:
    if parent.group:
        yield from broken_names(f"{path}.group", parent.group, names.dns_subdomain(parent.group))
    for value, name in ((parent.resource, "resource"), (parent.name, "name")):
        if not value:
            yield required(f"{path}.{name}")
        else:
            yield from broken_names(f"{path}.{name}", value, names.path_segment(value))
    if parent.namespace:
        yield from broken_names(
            f"{path}.namespace", parent.namespace, names.path_segment(parent.namespace)
        )


class ServiceCIDRRules(Strategy[ServiceCIDR]):
    """What holds for a ServiceCIDR."""

    def validate(self, obj: ServiceCIDR) -> Iterable[FieldError]:
        """One block of addresses, or one of each family."""
        cidrs = obj.spec.cidrs
        if not cidrs:
            yield required("spec.cidrs", "at least one CIDR required")
            return
        if len(cidrs) > CIDRS_MAX:
            yield invalid("spec.cidrs", cidrs, "may only hold up to 2 values")
        for i, each in enumerate(cidrs):
            yield from broken_names(f"spec.cidrs[{i}]", each, names.cidr(each))
        if len(cidrs) == CIDRS_MAX and not any(map(names.cidr, cidrs)) and _same_family(cidrs):
            yield invalid(
                "spec.cidrs",
                cidrs,
                "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 "
                "and 2001:db8::/64",
            )

    def validate_update(self, obj: ServiceCIDR, old: ServiceCIDR) -> Iterable[FieldError]:
        """A second family may come; what is there stays."""
        new, before = obj.spec.cidrs, old.spec.cidrs
        if new == before:
            return
        if len(before) == 1 and len(new) == CIDRS_MAX:
            if new[0] != before[0]:
                yield invalid("spec.cidrs[0]", new[0], IMMUTABLE)
        else:
            yield invalid("spec.cidrs", new, IMMUTABLE)

    def row(self, obj: ServiceCIDR, now: datetime) -> Sequence[Any]:
        """Name, blocks, age."""
        return service_cidr_row(obj, now)


def _same_family(cidrs: Sequence[str]) -> bool:
    first, second = (ipaddress.ip_network(each, strict=False).version for each in cidrs)
    return first == second
