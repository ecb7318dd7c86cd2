"""All objects at once: what a snapshot holds, and how a cluster goes back to one.

Objects go straight to the store, with the uids and statuses they had, so that
owners still own. Whoever watches sees ordinary creations, changes and
deletions. A cluster's own machinery is left as it is now: leases, the way to
the API server and to the name server, what nodes say of themselves, the rules
that roles gather from others.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from apiserver.storage.store import KeyExistsError, RevisionMismatchError, Store, Stored

_T = TypeVar("_T")

PREFIX = "/registry/"

PAGE = 1000
"""Objects read from the store at a time."""

AT_ONCE = 64
"""Writes under way at a time; the store writes them in groups."""

PASSES_MAX = 4
"""So often what controllers made meanwhile is looked for."""

_VOLATILE = ("events/",)
_MACHINERY = ("leases/", "csinodes/", "apiregistration.k8s.io/")
_TO_SERVERS = ("services/", "endpointslices/")
_FIRST = ("namespaces/", "apiextensions.k8s.io/")
_NODES = "minions/"
_ROLES = "clusterroles/"
_CORDONED = "node.kubernetes.io/unschedulable"
_OWNERS = ("deployments", "statefulsets", "daemonsets", "cronjobs", "jobs", "replicasets")
_WAYS = (("default", "kubernetes"), ("kube-system", "kube-dns"))
"""Services of the cluster itself: namespace and name, with which their endpoints' names begin."""


class Restored(msgspec.Struct):
    """What a restore did."""

    written: int = 0
    removed: int = 0


async def save(store: Store) -> list[tuple[str, bytes]]:
    """The objects of one moment, events left out, by key."""
    return [(one.key, one.value) for one in await _everything(store) if not _is_volatile(one.key)]


async def restore(store: Store, wanted: Mapping[str, bytes]) -> Restored:
    """Make the objects those of a snapshot; raise nothing where others write meanwhile."""
    done = Restored()
    present = {one.key: one for one in await _everything(store)}
    await _remove(store, present, wanted, done)
    await _write(store, present, wanted, done)
    for _ in range(PASSES_MAX):
        present = {one.key: one for one in await _everything(store)}
        if not await _remove(store, present, wanted, done):
            break
    return done


async def _everything(store: Store) -> list[Stored]:
    found: list[Stored] = []
    start, revision = "", 0
    while True:
        page = await store.range(PREFIX, start=start, limit=PAGE, revision=revision)
        found += page.items
        if len(page.items) < PAGE:
            return found
        start, revision = page.items[-1].key + "\0", page.revision


async def _remove(
    store: Store, present: Mapping[str, Stored], wanted: Mapping[str, bytes], done: Restored
) -> int:
    """Delete what the snapshot has not; owners first, lest they make anew what they own."""
    gone = [one for key, one in present.items() if key not in wanted and not _stays(key, wanted)]
    for stage in _stages(gone, lambda one: -_rank(one.key)):
        await _all([_delete(store, one) for one in stage])
    done.removed += sum(not _is_volatile(one.key) for one in gone)
    return sum(not _is_volatile(one.key) for one in gone)


async def _write(
    store: Store, present: Mapping[str, Stored], wanted: Mapping[str, bytes], done: Restored
) -> None:
    """Write what is missing or different; namespaces and definitions first."""
    changes = [
        (key, value)
        for key, old in wanted.items()
        if (value := _value(key, old, present)) is not None
    ]
    for stage in _stages(changes, lambda one: _rank(one[0])):
        await _all([_put(store, key, value, present.get(key)) for key, value in stage])
    done.written += len(changes)


def _value(key: str, old: bytes, present: Mapping[str, Stored]) -> bytes | None:
    """What is to be written at a key, None for nothing."""
    now = present.get(key)
    if key.startswith(f"{PREFIX}{_NODES}"):
        return _node(now.value, old) if now is not None else None
    if _is_machinery(key):
        return None
    if now is None or now.value == old:
        return old if now is None else None
    is_role = key.startswith(f"{PREFIX}{_ROLES}")
    return None if is_role and _is_same_but_gathered(now.value, old) else old


def _is_same_but_gathered(now: bytes, old: bytes) -> bool:
    """Whether a role differs only in the rules that a controller gathers for it."""
    current: dict[str, Any] = msgspec.json.decode(now)
    before: dict[str, Any] = msgspec.json.decode(old)
    if "aggregationRule" not in current:
        return False
    for role in (current, before):
        role.pop("rules", None)
        role["metadata"].pop("managedFields", None)
    return current == before


def _node(now: bytes, old: bytes) -> bytes | None:
    """A node as it was kept by people; what it says of itself stays as it is."""
    current: dict[str, Any] = msgspec.json.decode(now)
    before: dict[str, Any] = msgspec.json.decode(old)
    spec = {**before.get("spec", {})}
    taints = [one for one in spec.pop("taints", ()) if not _is_own(one)]
    taints += [one for one in current.get("spec", {}).get("taints", ()) if _is_own(one)]
    if taints:
        spec["taints"] = taints
    labels = {"labels": before["metadata"].get("labels", {})}
    wanted = {**current, "spec": spec, "metadata": {**current["metadata"], **labels}}
    return None if wanted == current else msgspec.json.encode(wanted)


def _is_own(taint: dict[str, str]) -> bool:
    """Whether the cluster itself sets a taint, by what it knows of the node now."""
    return taint["key"].startswith("node.kubernetes.io/") and taint["key"] != _CORDONED


def _stays(key: str, wanted: Mapping[str, bytes]) -> bool:
    """Whether something that the snapshot has not is left there all the same."""
    rest = key.removeprefix(PREFIX)
    if rest.startswith((_NODES, f"{_ROLES}system:")) or _is_machinery(key):
        return True
    kind, _, place = rest.partition("/")
    namespace, _, name = place.rpartition("/")
    is_made_anew = (kind, name) in (
        ("configmaps", "kube-root-ca.crt"), ("serviceaccounts", "default"),
    )  # fmt: skip
    return is_made_anew and f"{PREFIX}namespaces/{namespace}" in wanted


def _is_volatile(key: str) -> bool:
    return key.removeprefix(PREFIX).startswith(_VOLATILE)


def _is_machinery(key: str) -> bool:
    rest = key.removeprefix(PREFIX)
    if rest.startswith(_MACHINERY):
        return True
    namespace, _, name = rest.rpartition("/")
    return rest.startswith(_TO_SERVERS) and any(
        namespace.endswith(f"/{space}") and (name == start or name.startswith(f"{start}-"))
        for space, start in _WAYS
    )


def _rank(key: str) -> int:
    """Where in the order of writing: 0 what others lie in, 1 what nobody owns, then the owned."""
    rest = key.removeprefix(PREFIX)
    if rest.startswith(_FIRST):
        return 0
    for place, word in enumerate(_OWNERS):
        if f"{word}/" in rest:
            return 2 + place
    return 20 if rest.startswith("pods/") else 1


def _stages(items: Iterable[_T], rank: Callable[[_T], int]) -> Iterator[list[_T]]:
    by_rank: dict[int, list[_T]] = {}
    for one in items:
        by_rank.setdefault(rank(one), []).append(one)
    for key in sorted(by_rank):
        yield by_rank[key]


async def _all(writes: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Carry out writes, so many at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(write: Coroutine[Any, Any, None]) -> None:
        async with places:
            await write

    async with asyncio.TaskGroup() as group:
        for write in writes:
            group.create_task(one(write))


async def _delete(store: Store, one: Stored) -> None:
    now: Stored | None = one
    while now is not None:
        try:
            await store.delete(now.key, expected=now.revision)
            return
        except RevisionMismatchError as error:
            now = error.current


async def _put(store: Store, key: str, value: bytes, now: Stored | None) -> None:
    while True:
        try:
            if now is None:
                await store.create(key, value)
            else:
                await store.update(key, value, expected=now.revision)
            return
        except KeyExistsError as error:
            now = error.current
        except RevisionMismatchError as error:
            now = error.current
