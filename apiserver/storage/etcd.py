"""The store of real clusters: etcd v3.

One watch of everything below the root feeds all who follow, so etcd sends each
change once however many resources there are. That one watch also answers how
far we are: every write below the root is an event on it, in order, so an event
at a revision says that nothing up to there is missing. Explicit progress
requests are not used; before etcd 3.4.31 and 3.5.13 they may overtake events.
Only when somebody else writes outside the root can the newest revision stay
unseen; then we write a key of our own and see that.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import structlog

from apiserver.storage.etcd_client import (
    AmbiguousError,
    EtcdClient,
    EtcdSettings,
    LeaseNotFoundError,
)
from apiserver.storage.etcd_messages import COMPARE_CREATED, COMPARE_REVISION, MESSAGES
from apiserver.storage.etcd_watch import watch
from apiserver.storage.hub import CHANGES_KEPT_MAX, Hub
from apiserver.storage.local import VALUE_BYTES_MAX
from apiserver.storage.sorted_keys import after_prefix
from apiserver.storage.store import (
    Batch,
    Change,
    CompactedError,
    FutureRevisionError,
    KeyExistsError,
    Page,
    RevisionMismatchError,
    Stored,
    UnavailableError,
    UnknownOutcomeError,
    ValueTooLargeError,
)

ROOT = "/registry/"
"""Where everything lies, as in Kubernetes."""

PROGRESS_KEY = f"{ROOT}knarr.io/progress"
"""Written when the newest revision belongs to somebody else's key."""

STALL_S = 0.05
"""How long to wait for the event of a revision before writing the progress key."""

LEASE_REUSE_S_MAX = 60.0
LEASE_KEYS_MAX = 1_000
"""Keys with the same time to live share a lease this long and this many: leases are dear."""

log = structlog.get_logger()


class EtcdStore:
    """Needs `run` to run beside it."""

    def __init__(self, settings: EtcdSettings) -> None:
        self._client = EtcdClient(settings)
        self._hub = Hub(0)
        self._started = asyncio.Event()
        self._leases: dict[int, tuple[int, float, int]] = {}
        self._leasing = asyncio.Lock()
        self._reading = asyncio.Lock()
        self._reaching_back = asyncio.Lock()
        self._asked = 0
        self._answered = 0
        self._failed = 0
        self._newest = 0
        self._stalled = asyncio.Event()
        self._stopped = False

    async def run(self) -> None:
        """Watch etcd for those who follow, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pump())
            group.create_task(self._write_progress())
            group.create_task(self._feel_pulse())

    async def create(self, key: str, value: bytes, *, ttl_s: int = 0) -> int:
        """Store a new key."""
        compare = MESSAGES["Compare"](target=COMPARE_CREATED, key=key.encode(), created=0)
        answer = await self._put(compare, key, value, ttl_s=ttl_s, is_new=True)
        if isinstance(answer, int):
            return answer
        if answer is None:
            # It was there and is gone since: as good as never there, but not ours to repeat.
            raise UnknownOutcomeError(key)
        raise KeyExistsError(key, answer)

    async def update(self, key: str, value: bytes, *, expected: int, ttl_s: int = 0) -> int:
        """Replace a value."""
        answer = await self._put(_unchanged(key, expected), key, value, ttl_s=ttl_s, is_new=False)
        if isinstance(answer, int):
            return answer
        raise RevisionMismatchError(key, answer)

    async def delete(self, key: str, *, expected: int) -> int:
        """Remove a key."""
        delete = MESSAGES["Op"](delete=MESSAGES["Delete"](key=key.encode()))
        try:
            answer = await self._txn(_unchanged(key, expected), key, delete)
        except AmbiguousError as error:
            raise UnknownOutcomeError(str(error)) from error
        if isinstance(answer, int):
            return answer
        raise RevisionMismatchError(key, answer)

    async def get(self, key: str) -> Stored | None:
        """The newest value."""
        answer = await self._call("Range", key=key.encode())
        return _stored_of(answer.kvs[0]) if answer.kvs else None

    async def range(
        self, prefix: str, *, start: str = "", limit: int = 0, revision: int = 0
    ) -> Page:
        """The keys below a prefix, at a revision."""
        try:
            answer = await self._call(
                "Range",
                key=max(prefix, start).encode(),
                end=after_prefix(prefix).encode(),
                limit=limit,
                revision=revision,
            )
        except FutureRevisionError:
            raise FutureRevisionError(await self.revision()) from None
        except CompactedError:
            raise CompactedError(revision + 1) from None
        items = [_stored_of(kv) for kv in answer.kvs]
        return Page(items, revision or answer.header.revision, answer.count)

    async def revision(self, prefix: str = "") -> int:
        """The newest revision. Those who ask while one is being asked for share the next answer.

        Or the failure of that one: they have waited long enough.
        """
        self._asked += 1
        asked = self._asked
        async with self._reading:
            if self._failed >= asked:
                raise UnavailableError("etcd: no answer to others who asked for the revision")
            if self._answered < asked:
                answers = self._asked
                try:
                    answer = await self._call("Range", key=ROOT.encode(), count_only=True)
                except UnavailableError:
                    self._failed = self._asked
                    raise
                self._newest = max(self._newest, answer.header.revision)
                self._answered = answers
        newest = self._newest
        if prefix:
            self._hub.tell(prefix, newest)
        if self._hub.revision < newest:
            asyncio.get_running_loop().call_later(STALL_S, self._check_progress, newest)
        return newest

    async def follow(self, prefix: str, *, after: int) -> AsyncIterator[Batch]:
        """Yield the changes below a prefix."""
        await self._started.wait()
        if self._client.lost:
            raise UnavailableError(self._client.lost)
        if after < self._hub.recent.complete_after:
            # From before our own watch began: one of its own, until it has reached ours.
            self._stalled.set()
            async for changes in watch(self._client, ROOT, after=after):
                after = changes[-1].revision
                yield Batch(after, [c for c in changes if c.key.startswith(prefix)])
                if after >= self._hub.recent.complete_after:
                    break
        async for batch in self._hub.follow(prefix, after):
            yield batch

    async def past(self, prefix: str, *, after: int) -> Sequence[Change]:
        """The changes below a prefix after a revision: other servers have told of them."""
        newest = await self.revision()
        await self._started.wait()
        async with self._reaching_back:
            await self._reach_back(after)
        await self._hub.reached(newest)
        return [one for one in self._hub.recent.after(after) if one.key.startswith(prefix)]

    async def _reach_back(self, after: int) -> None:
        """Have the recent past begin at a revision before our own watch did."""
        recent = self._hub.recent
        until = recent.complete_after
        if after >= until:
            return
        if until - after > CHANGES_KEPT_MAX:
            raise CompactedError(until)  # It could not be kept.
        found: list[Change] = []
        self._stalled.set()  # So that there is something to see at the end.
        async with aclosing(watch(self._client, ROOT, after=after)) as seen:
            async for changes in seen:
                found += [one for one in changes if one.revision <= until]
                if changes[-1].revision >= until:
                    break
        if recent.complete_after == until:  # Nothing was lost meanwhile.
            recent.precede(after, [(one, len(one.value)) for one in found])

    async def compact(self, revision: int) -> None:
        """Forget the past before a revision, and give back the space of what was forgotten."""
        try:
            await self._call("Compact", revision=revision)
            await self._client.defragment()
        except CompactedError:
            return  # Somebody else did.
        except FutureRevisionError:
            raise FutureRevisionError(await self.revision()) from None
        self._hub.recent.forget(revision - 1)

    async def close(self) -> None:
        """Close the connections."""
        if not self._stopped:
            self._stopped = True
            self._hub.close()
            await self._client.close()

    async def _call(self, name: str, **fields: object) -> Any:
        if self._stopped:
            raise UnavailableError("the store is closed")
        return await self._client.call(name, MESSAGES[name](**fields))

    async def _put(
        self, compare: Any, key: str, value: bytes, *, ttl_s: int, is_new: bool
    ) -> int | Stored | None:
        if len(value) > VALUE_BYTES_MAX:
            raise ValueTooLargeError(f"{len(value)} bytes are more than {VALUE_BYTES_MAX}")
        put = MESSAGES["Put"](key=key.encode(), value=value)
        try:
            if not ttl_s:
                put.ignore_lease = not is_new
                return await self._txn(compare, key, MESSAGES["Op"](put=put))
            put.lease = await self._lease(ttl_s)
            try:
                return await self._txn(compare, key, MESSAGES["Op"](put=put))
            except LeaseNotFoundError:
                self._leases.pop(ttl_s, None)
                put.lease = await self._lease(ttl_s)
                return await self._txn(compare, key, MESSAGES["Op"](put=put))
        except AmbiguousError as error:
            return await self._read_back(key, value, compare, error)

    async def _txn(self, compare: Any, key: str, op: Any) -> int | Stored | None:
        """Do `op` if `compare` holds: answer its revision, or else what is there."""
        if self._stopped:
            raise UnavailableError("the store is closed")
        look = MESSAGES["Op"](range=MESSAGES["Range"](key=key.encode()))
        request = MESSAGES["Txn"](compare=[compare], success=[op], failure=[look])
        answer = await self._client.call("Txn", request, is_write=True)
        if answer.succeeded:
            return int(answer.header.revision)
        kvs = answer.responses[0].range.kvs
        return _stored_of(kvs[0]) if kvs else None

    async def _read_back(self, key: str, value: bytes, compare: Any, error: AmbiguousError) -> int:
        """Find out whether a put was done whose answer was lost."""
        try:
            stored = await self.get(key)
        except UnavailableError:
            stored = None
        if stored is not None and stored.value == value and stored.revision > compare.revision:
            return stored.revision
        # Not there yet, it may still come: a member may hold it until there is a leader.
        raise UnknownOutcomeError(f"etcd: {error}") from error

    async def _lease(self, ttl_s: int) -> int:
        now = asyncio.get_running_loop().time()
        async with self._leasing:
            lease, until, keys = self._leases.get(ttl_s, (0, 0.0, 0))
            if now >= until or keys >= LEASE_KEYS_MAX:
                reuse_s = min(LEASE_REUSE_S_MAX, ttl_s * 0.05)
                answer = await self._call("LeaseGrant", ttl=ttl_s + math.ceil(reuse_s))
                lease, until, keys = answer.id, now + reuse_s, 0
            self._leases[ttl_s] = (lease, until, keys + 1)
            return lease

    async def _pump(self) -> None:
        compacted = 0
        while True:
            try:
                # What was compacted before our watch had it is lost; what came after is not.
                revision = compacted or await self.revision()
                self._hub.restart(revision)
                self._started.set()
                async for changes in watch(self._client, ROOT, after=revision):
                    self._hub.publish(changes[-1].revision, changes)
            except UnavailableError as error:
                log.warning("cannot reach etcd", error=str(error))
                await asyncio.sleep(1)
            except CompactedError as error:
                compacted = error.compacted
                log.warning("away from etcd for too long", oldest=compacted)

    async def _feel_pulse(self) -> None:
        """Tell those who follow when etcd is silent: they would take it for peace."""
        while True:
            was_lost = bool(self._client.lost)
            await self._client.beat()
            if self._client.lost and not was_lost:
                self._hub.interrupt(UnavailableError(self._client.lost))

    def _check_progress(self, revision: int) -> None:
        if self._hub.revision < revision:
            self._stalled.set()

    async def _write_progress(self) -> None:
        while True:
            await self._stalled.wait()
            self._stalled.clear()
            put = MESSAGES["Put"](key=PROGRESS_KEY.encode())
            try:
                await self._client.call("Put", put)
            except UnavailableError as error:
                log.warning("cannot write to etcd", error=str(error))
            await asyncio.sleep(STALL_S)


def _unchanged(key: str, expected: int) -> Any:
    return MESSAGES["Compare"](target=COMPARE_REVISION, key=key.encode(), revision=expected)


def _stored_of(kv: Any) -> Stored:
    return Stored(kv.key.decode(), kv.value, kv.revision, kv.created)
