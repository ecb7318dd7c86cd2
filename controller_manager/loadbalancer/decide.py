"""Which address of the pool a Service gets."""

import ipaddress
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from knarr.api.core.service import LoadBalancerIngress, LoadBalancerStatus, Service
from knarr.api.plan import Notice, Plan

CLASS = "knarr.dev/pool"
"""The load balancer class that means us; Services that name none mean us too."""

ADDRESSES_MAX = 65536
"""A pool larger than this is searched no further."""


def decide(service: Service, others: Iterable[Service], pool: Sequence[str]) -> Plan:
    """Give the Service an address, or take back what it no longer may have."""
    now = service.status.load_balancer.ingress
    if not is_ours(service):
        # What another load balancer wrote is not ours to take.
        gives_back = service.spec.type != "LoadBalancer" and bool(now)
        return Plan(status=_with(service, ())) if gives_back else Plan()
    taken = {
        one.ip for other in others if is_ours(other) for one in other.status.load_balancer.ingress
    }
    wished = service.spec.load_balancer_ip
    current = now[0].ip if now else ""
    if current and _is_in(pool, current) and current not in taken and wished in ("", current):
        return Plan()
    free = (one for one in _candidates(pool, wished) if one not in taken)
    address = next(free, None)
    if address is None:
        what = f"address {wished} is not free in" if wished else "there is no free address in"
        message = f"{what} the pool {', '.join(pool)}"
        notice = Notice(service, "AddressNotAvailable", message, "Warning")
        return Plan(notices=(notice,), status=_with(service, ()) if now else None)
    ingress = LoadBalancerIngress(ip=address, ip_mode="VIP")
    return Plan(
        status=_with(service, (ingress,)),
        notices=(Notice(service, "EnsuredLoadBalancer", f"Assigned address {address}"),),
    )


def is_ours(service: Service) -> bool:
    """Whether the Service wants an address, and from us."""
    spec = service.spec
    is_wanted = spec.type == "LoadBalancer" and service.metadata.deletion_timestamp is None
    return is_wanted and spec.load_balancer_class in (None, "", CLASS)


def _with(service: Service, ingress: tuple[LoadBalancerIngress, ...]) -> Service:
    balancer = LoadBalancerStatus(ingress=ingress)
    return replace(service, status=replace(service.status, load_balancer=balancer))


def _candidates(pool: Sequence[str], wished: str) -> Iterator[str]:
    if wished:
        if _is_in(pool, wished):
            yield wished
        return
    for entry in pool:
        first, last = bounds(entry)
        for number in range(int(first), min(int(last), int(first) + ADDRESSES_MAX) + 1):
            yield str(type(first)(number))


def _is_in(pool: Sequence[str], address: str) -> bool:
    try:
        wanted = ipaddress.ip_address(address)
    except ValueError:
        return False
    for entry in pool:
        first, last = bounds(entry)
        if first.version == wanted.version and int(first) <= int(wanted) <= int(last):
            return True
    return False


def bounds(
    entry: str,
) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]:
    """The first and the last address of `10.0.0.0/24` or `10.0.0.5-10.0.0.9`. Raise ValueError."""
    if "-" in entry:
        first, last = entry.split("-", 1)
        return ipaddress.ip_address(first.strip()), ipaddress.ip_address(last.strip())
    network = ipaddress.ip_network(entry, strict=False)
    if network.num_addresses <= 2:
        return network[0], network[-1]
    return network[1], network[-2]  # Neither the network's own nor, in IPv4, everybody's.
