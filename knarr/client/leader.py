"""Leadership: of several daemons with one name, one works and the others wait.

    async with leadership(client, "knarr-scheduler", identity, clock):
        ...                          # alone until the block ends

The one who leads renews a Lease. Whoever sees it unchanged for its whole
duration, by its own loop's time and nobody's wall clock, takes it. A leader that
cannot renew in time raises LeadershipLostError inside the block: better nobody
works than two do.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from msgspec.structs import replace

from knarr.api.coordination.lease import Lease, LeaseSpec
from knarr.api.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.times import to_micro_time
from knarr.client.client import Client
from knarr.daemon.clock import Clock

log = structlog.get_logger()

NAMESPACE = "kube-system"
"""Where the Leases lie."""

LEASE_DURATION_S = 15
"""Others wait so long after the last renewal they saw. Kubernetes' default."""

RENEW_DEADLINE_S = 10.0
"""A leader that could not renew for so long gives up: before others may take the Lease."""

RETRY_PERIOD_S = 2.0
"""Seconds between two looks at the Lease."""

RELEASE_MAX_S = 2.0
"""A leader that ends lets go of the Lease, unless that takes longer than this."""


class LeadershipLostError(Exception):
    """Somebody else may lead by now; the daemon must end."""


@asynccontextmanager
async def leadership(
    client: Client, name: str, identity: str, clock: Clock, *, namespace: str = NAMESPACE
) -> AsyncIterator[None]:
    """Wait until `identity` leads; the block is cancelled when it no longer does.

    LeadershipLostError then comes out of the block, in an ExceptionGroup.
    """
    candidate = _Candidate(client, Key(namespace, name), identity, clock)
    await candidate.acquire()
    log.info("leads", lease=name, identity=identity)
    try:
        async with asyncio.TaskGroup() as group:
            renewing = group.create_task(candidate.renew_for_ever(), name=f"lease-{name}")
            yield
            renewing.cancel()
    finally:
        await candidate.release()


class _Candidate:
    """One who leads or wants to, and what it last saw of the Lease."""

    def __init__(self, client: Client, key: Key, identity: str, clock: Clock) -> None:
        self._client = client
        self._key = key
        self._identity = identity
        self._clock = clock
        self._seen: LeaseSpec | None = None
        self._seen_at_s = 0.0
        self._lease: Lease | None = None

    async def acquire(self) -> None:
        """Try until the Lease is ours."""
        while True:
            if await self._try():
                return
            await asyncio.sleep(RETRY_PERIOD_S)

    async def renew_for_ever(self) -> None:
        """Renew until cancelled. Raise LeadershipLostError when that failed for too long."""
        loop = asyncio.get_running_loop()
        renewed_at_s = loop.time()
        while True:
            await asyncio.sleep(RETRY_PERIOD_S)
            try:
                async with asyncio.timeout_at(renewed_at_s + RENEW_DEADLINE_S):
                    renewed = await self._try()
            except TimeoutError:
                renewed = False
            if renewed:
                renewed_at_s = loop.time()
            elif self._is_held_by_other() or loop.time() >= renewed_at_s + RENEW_DEADLINE_S:
                self._lease = None
                raise LeadershipLostError(f"lease {self._key} could not be renewed")

    async def release(self) -> None:
        """Let go of the Lease if it is ours, so that the next one need not wait."""
        if self._lease is None:
            return
        now = self._clock.now()
        spec = replace(
            self._lease.spec,
            holder_identity="",
            lease_duration_seconds=1,
            renew_time=to_micro_time(now),
            acquire_time=to_micro_time(now),
        )
        try:
            async with asyncio.timeout(RELEASE_MAX_S):
                await self._client.update(replace(self._lease, spec=spec))
        except (ApiError, TimeoutError) as error:
            log.debug("lease not released", lease=str(self._key), error=str(error))
        self._lease = None

    async def _try(self) -> bool:
        """Take or renew the Lease; answer whether it is ours now."""
        now = self._clock.now()
        try:
            lease = await self._client.get(Lease, self._key)
            self._look_at(lease.spec)
            if self._is_held_by_other():
                return False
            self._lease = await self._client.update(
                replace(lease, spec=self._wish(lease.spec, now))
            )
        except NotFoundError:
            return await self._make(now)
        except ConflictError:
            return False
        except ApiError as error:
            log.warning("lease not reached", lease=str(self._key), error=str(error))
            return False
        self._look_at(self._lease.spec)
        return True

    async def _make(self, now: datetime) -> bool:
        metadata = ObjectMeta(namespace=self._key.namespace, name=self._key.name)
        try:
            self._lease = await self._client.create(
                Lease(metadata=metadata, spec=self._wish(None, now))
            )
        except (AlreadyExistsError, ConflictError):
            return False
        except ApiError as error:
            log.warning("lease not made", lease=str(self._key), error=str(error))
            return False
        self._look_at(self._lease.spec)
        return True

    def _look_at(self, spec: LeaseSpec) -> None:
        """Remember when the Lease last changed, by our own time."""
        if spec != self._seen:
            self._seen = spec
            self._seen_at_s = asyncio.get_running_loop().time()

    def _is_held_by_other(self) -> bool:
        if self._seen is None or not self._seen.holder_identity:
            return False
        if self._seen.holder_identity == self._identity:
            return False
        duration_s = self._seen.lease_duration_seconds or LEASE_DURATION_S
        return asyncio.get_running_loop().time() < self._seen_at_s + duration_s

    def _wish(self, held: LeaseSpec | None, now: datetime) -> LeaseSpec:
        """The Lease as we want it: renewed, or taken over."""
        is_ours = held is not None and held.holder_identity == self._identity
        transitions = (held.lease_transitions or 0) if held is not None else 0
        acquired = held.acquire_time if held is not None and is_ours else to_micro_time(now)
        return LeaseSpec(
            holder_identity=self._identity,
            lease_duration_seconds=LEASE_DURATION_S,
            acquire_time=acquired,
            renew_time=to_micro_time(now),
            lease_transitions=transitions if is_ours or held is None else transitions + 1,
        )
