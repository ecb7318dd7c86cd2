"""Keeps the Service `kubernetes` leading to the API servers that live.

Each server renews a lease of its own in the store and sees that the Service's
endpoints are the servers with leases. So whoever dies is out of them after
LEASE_S, and whoever stops at once. The last server stays in: pods had better
wait for it than be refused.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from ipaddress import ip_address
from typing import Any

import structlog
from msgspec.structs import replace

from apiserver.registry import write
from apiserver.registry.core import Core
from apiserver.registry.parts import Object
from apiserver.registry.request import SYSTEM, Request
from apiserver.registry.settings import Settings
from apiserver.storage.entry import Entry
from apiserver.storage.store import KeyExistsError, RevisionMismatchError, StoreError
from knarr.api.core.endpoints import EndpointAddress, EndpointPort, Endpoints, EndpointSubset
from knarr.api.discovery.endpoint_slice import Endpoint, EndpointConditions, EndpointSlice
from knarr.api.discovery.endpoint_slice import EndpointPort as SlicePort
from knarr.api.errors import ApiError
from knarr.api.meta.object_meta import ObjectMeta

SERVICE = "kubernetes"

PREFIX = "/registry/masterleases/"
"""Where Kubernetes' servers have their leases."""

LEASE_S = 15
"""A server silent for so long is taken for dead."""

RENEW_S = 10.0

LEAVE_S = 2.0
"""A server that stops waits no longer for the store than this."""

log = structlog.get_logger()


@asynccontextmanager
async def advertised(core: Core, *, is_shared: bool) -> AsyncIterator[None]:
    """Advertise this server while the block runs, if it has an address.

    `is_shared` says whether other servers may have the same store.
    """
    if not core.settings.advertise_address:
        yield
        return
    if not is_shared:
        await _lead_to(core, (core.settings.advertise_address,))
        yield
        return
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(_keep(core), name="advertise")
        try:
            yield
        finally:
            keeping.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await _leave(core)


async def _keep(core: Core) -> None:
    while True:
        try:
            await _renew(core)
            await _lead_to(core, await _living(core))
        except (StoreError, ApiError) as error:
            log.warning("cannot advertise this server", error=str(error))
        await asyncio.sleep(RENEW_S)


async def _leave(core: Core) -> None:
    """Take this server out, if there are others."""
    try:
        lease = await core.store.get(PREFIX + core.settings.advertise_address)
        if lease is not None:
            await core.store.delete(lease.key, expected=lease.revision)
        others = await _living(core)
        if others:
            await _lead_to(core, others)
    except (StoreError, ApiError) as error:
        log.warning("this server stays advertised", error=str(error))


async def _renew(core: Core) -> None:
    key = PREFIX + core.settings.advertise_address
    with suppress(KeyExistsError, RevisionMismatchError):  # Gone or made meanwhile: next time.
        lease = await core.store.get(key)
        if lease is None:
            await core.store.create(key, b"{}", ttl_s=LEASE_S)
        else:
            await core.store.update(key, b"{}", expected=lease.revision, ttl_s=LEASE_S)


async def _living(core: Core) -> Sequence[str]:
    page = await core.store.range(PREFIX)
    found = [one.key.removeprefix(PREFIX) for one in page.items]
    return sorted(found, key=ip_address)


async def _lead_to(core: Core, addresses: Sequence[str]) -> None:
    for wanted in objects(core.settings, addresses):
        resource = core.resource(type(wanted))
        entry = resource.cache.get(resource.key("default", SERVICE))
        if entry is not None and _has(entry.object, wanted):
            continue
        request = Request(user=SYSTEM, kind=resource.kind, namespace="default", name=SERVICE)

        def change(entry: Entry | None, wanted: Object = wanted) -> Object:
            if entry is None:
                return wanted
            found: Object = entry.object
            return replace(wanted, metadata=found.metadata)

        await write.update(core, request, resource, change, may_create=True)
        log.info("advertised", kind=resource.kind.name, addresses=list(addresses))


def _has(found: Object, wanted: Object) -> bool:
    """Whether an object leads where it should."""
    if isinstance(found, Endpoints) and isinstance(wanted, Endpoints):
        return _places(found.subsets) == _places(wanted.subsets)
    return (
        isinstance(found, EndpointSlice)
        and isinstance(wanted, EndpointSlice)
        and [one.addresses for one in found.endpoints] == [o.addresses for o in wanted.endpoints]
        and [one.port for one in found.ports] == [one.port for one in wanted.ports]
    )


def _places(subsets: Sequence[EndpointSubset]) -> Sequence[Any]:
    return [
        ([one.ip for one in subset.addresses], [one.port for one in subset.ports])
        for subset in subsets
    ]


def objects(settings: Settings, addresses: Sequence[str]) -> tuple[Endpoints, EndpointSlice]:
    """What leads the Service `kubernetes` to these addresses."""
    port = settings.advertise_port
    endpoints = Endpoints(
        metadata=ObjectMeta(
            name=SERVICE,
            namespace="default",
            labels={"endpointslice.kubernetes.io/skip-mirror": "true"},
        ),
        subsets=(
            EndpointSubset(
                addresses=tuple(EndpointAddress(ip=one) for one in addresses),
                ports=(EndpointPort(name="https", port=port, protocol="TCP"),),
            ),
        ),
    )
    slices = EndpointSlice(
        metadata=ObjectMeta(
            name=SERVICE, namespace="default", labels={"kubernetes.io/service-name": SERVICE}
        ),
        address_type="IPv4",
        endpoints=tuple(
            Endpoint(addresses=(one,), conditions=EndpointConditions(ready=True))
            for one in addresses
        ),
        ports=(SlicePort(name="https", port=port, protocol="TCP"),),
    )
    return endpoints, slices
