"""Gives Services their cluster addresses and node ports.

Who has what is kept in memory, read from the Services at the start and
followed from then on, so that several servers see what the others give. What
a write takes is held while it is under way and given back when it fails.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from random import Random
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from apiserver.registry.resource import Resource
from apiserver.registry.settings import Settings
from apiserver.registry.write import refuse
from apiserver.storage.selection import Selection
from apiserver.storage.store import CompactedError, UnavailableError
from apiserver.strategies.core.service_changes import (
    has_cluster_ip,
    has_health_port,
    has_node_ports,
)
from knarr.api.core.service import Service, ServicePort, ServiceSpec
from knarr.api.errors import InternalError
from knarr.api.field_errors import FieldError, invalid
from knarr.api.kind_table import kind_of
from knarr.api.meta.status import StatusCause, StatusDetails

STATIC_ADDRESSES_MAX = 256
"""Addresses at the beginning of the range that chance leaves to people, as in Kubernetes."""

ADDRESSES_MAX = 1 << 32
"""Of a larger range only the beginning is given out."""

STATIC_PORTS_MAX = 128
"""The same for node ports."""

GUESSES_MAX = 64
"""Guesses at a free one before all are walked."""

AGAIN_S = 1.0
"""When to go on following after the store was silent."""

HEADLESS = "None"
"""The clusterIP of a Service that wants none."""


Address = IPv4Address | IPv6Address


class TakenError(Exception):
    """What is asked for cannot be had."""


class Pool:
    """Numbers that belong to one owner each."""

    def __init__(self, numbers: range, *, static: int, rng: Random) -> None:
        self._numbers = numbers
        self._dynamic = numbers[static:] or numbers
        self._rng = rng
        self._owners: dict[int, str] = {}

    def __contains__(self, number: int) -> bool:
        return number in self._numbers

    def owner(self, number: int) -> str | None:
        """Who has a number."""
        return self._owners.get(number)

    def take(self, number: int, owner: str) -> None:
        """Give a number to an owner, whoever had it."""
        if number in self._numbers:
            self._owners[number] = owner

    def give_back(self, number: int, owner: str) -> None:
        """Take a number from an owner; from nobody else."""
        if self._owners.get(number) == owner:
            del self._owners[number]

    def take_any(self, owner: str) -> int:
        """Give some free number to an owner. Raise TakenError when there is none."""
        for _ in range(GUESSES_MAX):
            number: int = self._dynamic[self._rng.randrange(len(self._dynamic))]
            if number not in self._owners:
                self._owners[number] = owner
                return number
        for number in (*self._dynamic, *self._numbers):
            if number not in self._owners:
                self._owners[number] = owner
                return number
        raise TakenError("range is full")


class _Taken(Struct):
    """What one write took."""

    addresses: list[Address] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)


class ServiceAllocator:
    """Hands out addresses and ports to Services."""

    def __init__(self, settings: Settings, rng: Random) -> None:
        self._addresses = {one.version: _pool(one, rng) for one in settings.service_networks}
        ports = settings.node_ports
        self._range = f"{ports.start}-{ports.stop - 1}"
        self._ports = Pool(ports, static=min(max(16, len(ports) // 32), STATIC_PORTS_MAX), rng=rng)

    @asynccontextmanager
    async def allocating(self, obj: Any, old: Any, *, dry_run: bool) -> AsyncIterator[Any]:
        """The Service with its addresses. Raise InvalidError."""
        taken = _Taken()
        uid = obj.metadata.uid
        try:
            yield self._with_addresses(obj, taken)
        except BaseException:
            self._give_back(taken, uid)
            raise
        if dry_run:
            self._give_back(taken, uid)

    def removed(self, obj: Any) -> None:
        """Take everything from a Service that is gone."""
        self._forget(obj)

    async def follow(self, resource: Resource) -> None:
        """Learn who has what, now and from now on."""
        after = resource.cache.revision
        while True:
            try:
                with resource.cache.watch(Selection(), after=after) as watch:
                    async for events in watch:
                        for event in events:
                            if event.entry is not None:
                                self._heard(event.type, event.entry.object)
                            after = event.revision
                return
            except UnavailableError:
                await asyncio.sleep(AGAIN_S)
            except CompactedError:
                after = resource.cache.revision
                self.learn(resource)

    def learn(self, resource: Resource) -> None:
        """Learn who has what at the start."""
        for entry in resource.cache.entries():
            self._heard("ADDED", entry.object)

    def _heard(self, event_type: str, obj: Any) -> None:
        if event_type == "DELETED":
            self._forget(obj)
            return
        uid = obj.metadata.uid
        had = [(self._pool_of(one), int(one)) for one in _addresses(obj.spec)]
        had += [(self._ports, number) for number in _ports(obj.spec)]
        for pool, number in had:
            if pool is not None and pool.owner(number) is None:
                pool.take(number, uid)

    def _forget(self, obj: Service) -> None:
        uid = obj.metadata.uid
        for address in _addresses(obj.spec):
            self._give_back_address(address, uid)
        for number in _ports(obj.spec):
            self._ports.give_back(number, uid)

    def changed(self, obj: Service, old: Service) -> None:
        """Take from a Service what it no longer wants."""
        uid = old.metadata.uid
        for address in set(_addresses(old.spec)) - set(_addresses(obj.spec)):
            self._give_back_address(address, uid)
        for number in set(_ports(old.spec)) - set(_ports(obj.spec)):
            self._ports.give_back(number, uid)

    def _give_back(self, taken: _Taken, uid: str) -> None:
        for address in taken.addresses:
            self._give_back_address(address, uid)
        for number in taken.ports:
            self._ports.give_back(number, uid)

    def _pool_of(self, address: Address) -> Pool | None:
        return self._addresses.get(address.version)

    def _give_back_address(self, address: Address, uid: str) -> None:
        pool = self._pool_of(address)
        if pool is not None:
            pool.give_back(int(address), uid)

    def _with_addresses(self, service: Service, taken: _Taken) -> Service:
        spec = service.spec
        if _wants_address(spec):
            spec = self._with_cluster_ip(service, taken)
        if has_node_ports(spec) or any(port.node_port for port in spec.ports):
            spec = replace(spec, ports=self._with_node_ports(service, spec, taken))
        if has_health_port(spec):
            spec = self._with_health_check_port(spec, service.metadata.uid, taken)
        return service if spec is service.spec else replace(service, spec=spec)

    def _with_cluster_ip(self, service: Service, taken: _Taken) -> ServiceSpec:
        """The addresses that were asked for, and one of each family that has none yet."""
        spec, uid = service.spec, service.metadata.uid
        found = list(spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ()))
        for text in found:
            self._take_address(service, ip_address(text), taken)
        families = spec.ip_families or (f"IPv{next(iter(self._addresses))}",)
        for family in families[len(found) :]:
            version: Literal[4, 6] = 6 if family == "IPv6" else 4
            address = _address(self._addresses[version].take_any(uid), version)
            taken.addresses.append(address)
            found.append(str(address))
        return replace(spec, cluster_ip=found[0], cluster_ips=tuple(found))

    def _take_address(self, service: Service, address: Address, taken: _Taken) -> None:
        """Take an address that was asked for. Raise InvalidError where it cannot be had."""
        uid, number, pool = service.metadata.uid, int(address), self._pool_of(address)
        if pool is None or number not in pool:
            why = "the provided network does not match the current range"
        elif pool.owner(number) not in (None, uid):
            why = "provided IP is already allocated"
        else:
            if pool.owner(number) is None:
                pool.take(number, uid)
                taken.addresses.append(address)
            return
        told = f"failed to allocate IP {address}: {why}"
        _refuse(service, invalid("spec.clusterIPs", service.spec.cluster_ips, told))

    def _with_node_ports(
        self, service: Service, spec: ServiceSpec, taken: _Taken
    ) -> tuple[ServicePort, ...]:
        uid = service.metadata.uid
        by_port: dict[int, int] = {}
        ports = list(spec.ports)
        for index, port in enumerate(spec.ports):
            if port.node_port:
                why = self._take_port(port.node_port, uid, taken)
                if why:
                    path = f"spec.ports[{index}].nodePort"
                    _refuse(service, invalid(path, port.node_port, why))
            elif has_node_ports(spec):
                number = by_port.get(port.port) or self._any_port(uid, taken)
                ports[index] = replace(port, node_port=number)
            by_port.setdefault(port.port, ports[index].node_port)
        return tuple(ports)

    def _any_port(self, uid: str, taken: _Taken) -> int:
        number = self._ports.take_any(uid)
        taken.ports.append(number)
        return number

    def _take_port(self, number: int, uid: str, taken: _Taken) -> str:
        """Take a port that was asked for; answer why it cannot be had."""
        if number not in self._ports:
            return (
                "provided port is not in the valid range. The range of valid ports is "
                f"{self._range}"
            )
        owner = self._ports.owner(number)
        if owner not in (None, uid):
            return "provided port is already allocated"
        if owner is None:
            self._ports.take(number, uid)
            taken.ports.append(number)
        return ""

    def _with_health_check_port(self, spec: ServiceSpec, uid: str, taken: _Taken) -> ServiceSpec:
        number = spec.health_check_node_port
        if not number:
            return replace(spec, health_check_node_port=self._any_port(uid, taken))
        why = self._take_port(number, uid, taken)
        if why:
            told = f"failed to allocate requested HealthCheck NodePort {number}: {why}"
            raise InternalError(
                f"Internal error occurred: {told}",
                details=StatusDetails(causes=(StatusCause(message=told),)),
            )
        return spec


def _wants_address(spec: ServiceSpec) -> bool:
    return has_cluster_ip(spec) and spec.cluster_ip != HEADLESS


def _refuse(service: Service, error: FieldError) -> None:
    refuse(kind_of(Service), service.metadata.name, [error])


def _addresses(spec: ServiceSpec) -> Iterable[Address]:
    if _wants_address(spec):
        yield from map(ip_address, spec.cluster_ips)


def _address(number: int, version: int) -> Address:
    return IPv6Address(number) if version == 6 else IPv4Address(number)


def _pool(network: IPv4Network | IPv6Network, rng: Random) -> Pool:
    first = int(network.network_address)
    last = first + min(network.num_addresses, ADDRESSES_MAX) - 1
    static = min(max(16, network.num_addresses // 16), STATIC_ADDRESSES_MAX)
    return Pool(range(first + 1, last), static=static, rng=rng)


def _ports(spec: ServiceSpec) -> Iterable[int]:
    for port in spec.ports:
        if port.node_port:
            yield port.node_port
    if spec.health_check_node_port:
        yield spec.health_check_node_port
