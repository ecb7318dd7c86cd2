"""A StatefulSet, a DaemonSet and Jobs in trouble."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from knarr.api import conditions
from knarr.api.apps.daemon_set import (
    DaemonSet,
    DaemonSetSpec,
    DaemonSetUpdateStrategy,
    RollingUpdateDaemonSet,
)
from knarr.api.apps.stateful_set import StatefulSet, StatefulSetSpec
from knarr.api.batch.job import Job, JobSpec
from knarr.api.core.node import Node
from knarr.api.core.persistent_volume_claim import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
)
from knarr.api.core.pod import Pod, PodTemplateSpec
from knarr.api.core.resources import VolumeResourceRequirements
from knarr.api.errors import ApiError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.scalars import Quantity
from tests.builders import template
from tests.simulation.faults import drawn
from tests.simulation.history import History
from tests.simulation.virtual import run
from tests.simulation.world import NODES, PARTS, Offices, World, world

TROUBLE_S = 60.0
"""How long the trouble lasts."""

SETTLE_S = 1800.0
"""How long everything may take afterwards: a Job waits ten minutes after its failures."""

PARALLELISM = {"plain": 3, "indexed": 2}
"""The Jobs and how many pods each may have at a time."""

COMPLETIONS = 6
"""How many pods of each Job are to succeed."""

DATA = "data"
"""The StatefulSet's claims begin with this."""

Act = Callable[[World, Random], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    """What came of a seed."""

    history: History
    parallel: bool
    """Whether the StatefulSet's pods were made all at once."""
    disturbed: bool
    """Whether somebody deleted pods."""
    surging: bool
    """Whether the DaemonSet brings a new pod to a node before it takes the old one."""


def simulate(seed: int) -> Outcome:
    """Run the story of one seed and see that everything ends as wanted."""
    return run(_story(seed))


async def _story(seed: int) -> Outcome:
    chance = Random(seed)
    parallel, disturbed = chance.random() < 0.3, chance.random() < 0.5
    surging, doubled = chance.random() < 0.5, chance.random() < 0.25
    parts = Offices().parts() if doubled else PARTS
    async with world(seed, drawn(chance), parts) as made:
        await asyncio.sleep(1.0)
        await made.client.create(_stateful_set(chance, parallel=parallel))
        await made.client.create(_daemon_set(surging=surging))
        for name in PARALLELISM:
            await made.client.create(_job(name))
        acts: list[Act] = [_roll, _roll_daemons, _restart, _crash, _compact, _fill, _slow]
        acts.append(_restart_kubelet)
        if not parallel:
            acts.append(_scale)
        if disturbed:
            acts += [_delete_pod, _delete_pod]
        until_s = asyncio.get_running_loop().time() + TROUBLE_S
        while asyncio.get_running_loop().time() < until_s:
            await chance.choice(acts)(made, chance)
            await asyncio.sleep(chance.random() * 12.0)
        made.weather.calm()
        settled = await made.settles(lambda: _as_wanted(made), within_s=SETTLE_S)
        assert settled, f"seed {seed} does not settle: {await _state(made)}"
        await asyncio.sleep(5.0)
        return Outcome(made.history, parallel, disturbed, surging)


def _meta(name: str) -> ObjectMeta:
    return ObjectMeta(name=name, namespace="default")


def _selector(app: str) -> LabelSelector:
    return LabelSelector(match_labels={"app": app})


def _stateful_set(chance: Random, *, parallel: bool) -> StatefulSet:
    return StatefulSet(
        metadata=_meta("db"),
        spec=StatefulSetSpec(
            replicas=chance.randint(1, 4),
            selector=_selector("db"),
            template=template(app="db"),
            service_name="db",
            pod_management_policy="Parallel" if parallel else "OrderedReady",
            volume_claim_templates=(_claim(),),
        ),
    )


def _claim() -> PersistentVolumeClaim:
    size = VolumeResourceRequirements(requests={"storage": Quantity("1Gi")})
    spec = PersistentVolumeClaimSpec(
        access_modes=("ReadWriteOnce",), resources=size, storage_class_name="standard"
    )
    return PersistentVolumeClaim(metadata=ObjectMeta(name=DATA), spec=spec)


def _daemon_set(*, surging: bool) -> DaemonSet:
    bounds = RollingUpdateDaemonSet(
        max_surge=1 if surging else 0, max_unavailable=0 if surging else 1
    )
    spec = DaemonSetSpec(
        selector=_selector("agent"),
        template=template(app="agent"),
        update_strategy=DaemonSetUpdateStrategy(type="RollingUpdate", rolling_update=bounds),
    )
    return DaemonSet(metadata=_meta("agent"), spec=spec)


def _job(name: str) -> Job:
    spec = _job_spec(
        completions=COMPLETIONS,
        parallelism=PARALLELISM[name],
        completion_mode="Indexed" if name == "indexed" else "NonIndexed",
    )
    return Job(metadata=_meta(name), spec=replace(spec, backoff_limit=1000))


def _job_spec(*, completions: int, parallelism: int, completion_mode: str) -> JobSpec:
    return JobSpec(
        completions=completions,
        parallelism=parallelism,
        completion_mode=completion_mode,
        template=_once(),
    )


def _once() -> PodTemplateSpec:
    of = template(app="job")
    return replace(of, spec=replace(of.spec, restart_policy="Never"))


async def _roll(made: World, chance: Random) -> None:
    await _change(
        made, StatefulSet, "db", template=template(f"img:{chance.randint(1, 4)}", app="db")
    )


async def _roll_daemons(made: World, chance: Random) -> None:
    of = template(f"img:{chance.randint(1, 4)}", app="agent")
    await _change(made, DaemonSet, "agent", template=of)


async def _scale(made: World, chance: Random) -> None:
    await _change(made, StatefulSet, "db", replicas=chance.randint(0, 5))


async def _change(
    made: World, kind: type[StatefulSet] | type[DaemonSet], name: str, **spec: object
) -> None:
    try:
        found = await made.client.get(kind, Key("default", name))
        await made.client.update(replace(found, spec=replace(found.spec, **spec)))
    except ApiError:  # Somebody was faster, or the disk is full.
        return


def _one(made: World, chance: Random) -> str:
    """A controller manager, a scheduler or one of two of them."""
    return chance.choice(sorted(part for part in made.parts if not part.startswith("kubelet")))


async def _restart(made: World, chance: Random) -> None:
    await made.restart(_one(made, chance), after_s=chance.random() * 5.0)


async def _crash(made: World, chance: Random) -> None:
    part = _one(made, chance)
    await made.crash(part)
    await asyncio.sleep(chance.random() * 5.0)
    made.start(part)


async def _restart_kubelet(made: World, chance: Random) -> None:
    await made.restart(f"kubelet-{chance.choice(NODES)}", after_s=chance.random() * 10.0)


async def _fill(made: World, chance: Random) -> None:
    """The disk is full for a while."""
    made.store.is_full = True
    await asyncio.sleep(chance.random() * 12.0)
    made.store.is_full = False


async def _slow(made: World, chance: Random) -> None:
    """The server is slow for a while."""
    before, made.weather.delay_max_s = made.weather.delay_max_s, 6.0
    await asyncio.sleep(chance.random() * 15.0)
    made.weather.delay_max_s = before


async def _compact(made: World, _chance: Random) -> None:
    await made.store.compact(await made.store.revision())


async def _delete_pod(made: World, chance: Random) -> None:
    pods = sorted(pod.metadata.name for pod in await made.list(Pod))
    if pods:
        try:
            await made.client.delete(Pod, Key("default", chance.choice(pods)))
        except NotFoundError:
            return


async def _as_wanted(made: World) -> bool:
    stateful_set = await made.client.get(StatefulSet, Key("default", "db"))
    daemon_set = await made.client.get(DaemonSet, Key("default", "agent"))
    size, status = stateful_set.spec.replicas, stateful_set.status
    nodes = len(await made.list(Node))
    daemons = daemon_set.status
    jobs = await made.list(Job)
    return (
        (status.replicas, status.available_replicas, status.updated_replicas) == (size,) * 3
        and status.observed_generation == stateful_set.metadata.generation
        and (daemons.number_available, daemons.updated_number_scheduled) == (nodes, nodes)
        and daemons.observed_generation == daemon_set.metadata.generation
        and all(conditions.is_true(job.status.conditions, "Complete") for job in jobs)
    )


async def _state(made: World) -> str:
    """What there is, for a seed that failed."""
    lines = [
        f"{each.metadata.name} {each.status}"
        for kind in (StatefulSet, DaemonSet, Job)
        for each in await made.list(kind)
    ]
    lines += [
        f"{p.metadata.name} {p.spec.node_name} {p.status.phase} {p.metadata.deletion_timestamp}"
        for p in await made.list(Pod)
    ]
    return "\n".join(lines)
