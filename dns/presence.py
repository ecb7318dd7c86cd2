"""Keeps a Service leading to the name servers that live.

Each server has an EndpointSlice of its own and renews a Lease of the same name.
A server whose Lease another sees unchanged for ALIVE_S, by its own loop's time,
is taken out by that one; it puts itself in again when it is back.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from msgspec import Struct
from msgspec.structs import replace

from knarr.api.coordination.lease import Lease, LeaseSpec
from knarr.api.discovery.endpoint_slice import (
    Endpoint,
    EndpointConditions,
    EndpointPort,
    EndpointSlice,
)
from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.times import to_micro_time
from knarr.client.client import Client
from knarr.daemon.clock import Clock

log = structlog.get_logger()

RENEW_S = 5.0

ALIVE_S = 15.0
"""Three renewals missed: the server is dead, or cut off and will say so itself."""

LEAVE_S = 2.0
"""A server that ends waits no longer than this to be taken out."""

SERVICE_LABEL = "kubernetes.io/service-name"


class Place(Struct, frozen=True):
    """Where one server answers for a Service."""

    service: Key
    server: str
    """Its own name, among those of this Service."""
    address: str
    port: int = 53

    @property
    def key(self) -> Key:
        """The Lease's and the slice's."""
        return Key(self.service.namespace, f"{self.service.name}-{self.server}")


@asynccontextmanager
async def present(client: Client, place: Place, clock: Clock) -> AsyncIterator[None]:
    """Be one of the Service's servers while the block runs."""
    presence = Presence(client, place, clock)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(presence.run(), name="presence")
        try:
            yield
        finally:
            running.cancel()
            with suppress(TimeoutError):
                async with asyncio.timeout(LEAVE_S):
                    await presence.remove(place.key.name)


class Presence:
    """One server's part in a Service."""

    def __init__(self, client: Client, place: Place, clock: Clock) -> None:
        self._client = client
        self._place = place
        self._clock = clock
        self._seen: dict[str, tuple[str, float]] = {}
        """Of each server's Lease: the version last seen, and when that was new to us."""

    async def run(self) -> None:
        """Renew and look after the others until cancelled."""
        while True:
            try:
                await self._renew()
                await self._ensure_slice()
                for name in await self._dead():
                    await self.remove(name)
                    log.info("a name server is gone", name=name)
            except ApiError as error:
                log.warning("not looked after", service=str(self._place.service), error=str(error))
            await asyncio.sleep(RENEW_S)

    async def remove(self, name: str) -> None:
        """Take a server out."""
        key = Key(self._place.service.namespace, name)
        try:
            for kind in (EndpointSlice, Lease):
                with suppress(NotFoundError):
                    await self._client.delete(kind, key)
        except ApiError as error:
            log.warning("a name server stays known", name=name, error=str(error))

    async def _renew(self) -> None:
        spec = LeaseSpec(
            holder_identity=self._place.server,
            lease_duration_seconds=int(ALIVE_S),
            renew_time=to_micro_time(self._clock.now()),
        )
        with suppress(ConflictError, AlreadyExistsError):  # Taken out at this moment: next time.
            try:
                lease = await self._client.get(Lease, self._place.key)
            except NotFoundError:
                await self._client.create(Lease(metadata=self._metadata(), spec=spec))
            else:
                await self._client.update(replace(lease, spec=spec))

    async def _ensure_slice(self) -> None:
        wanted = self._slice()
        with suppress(ConflictError, AlreadyExistsError):
            try:
                found = await self._client.get(EndpointSlice, self._place.key)
            except NotFoundError:
                await self._client.create(wanted)
                return
            if (found.endpoints, found.ports) != (wanted.endpoints, wanted.ports):
                await self._client.update(replace(wanted, metadata=found.metadata))

    async def _dead(self) -> list[str]:
        """The servers whose Leases did not change for too long."""
        found = await self._client.list(
            Lease,
            namespace=self._place.service.namespace,
            label_selector=f"{SERVICE_LABEL}={self._place.service.name}",
        )
        now = asyncio.get_running_loop().time()
        seen = {}
        for lease in found.items:
            name, version = lease.metadata.name, lease.metadata.resource_version
            before = self._seen.get(name)
            seen[name] = before if before is not None and before[0] == version else (version, now)
        self._seen = seen
        return [name for name, (_, since) in seen.items() if now - since >= ALIVE_S]

    def _metadata(self) -> ObjectMeta:
        return ObjectMeta(
            name=self._place.key.name,
            namespace=self._place.key.namespace,
            labels={SERVICE_LABEL: self._place.service.name},
        )

    def _slice(self) -> EndpointSlice:
        ports = (("dns", "UDP"), ("dns-tcp", "TCP"))
        return EndpointSlice(
            metadata=self._metadata(),
            address_type="IPv6" if ":" in self._place.address else "IPv4",
            endpoints=(
                Endpoint(
                    addresses=(self._place.address,),
                    conditions=EndpointConditions(ready=True, serving=True, terminating=False),
                ),
            ),
            ports=tuple(
                EndpointPort(name=name, port=self._place.port, protocol=protocol)
                for name, protocol in ports
            ),
        )
