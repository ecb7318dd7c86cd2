"""What a seed does to a world: a user who changes things, trouble that comes and passes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from msgspec.structs import replace

from knarr.api.apps.deployment import Deployment, DeploymentStrategy
from knarr.api.apps.replica_set import ReplicaSet
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod
from knarr.api.errors import ConflictError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from tests.builders import RECREATE, deployment, rolling, service, template
from tests.simulation.checks import is_rolled_out
from tests.simulation.faults import drawn
from tests.simulation.history import History
from tests.simulation.virtual import run
from tests.simulation.world import NODES, World, world

TROUBLE_S = 60.0
"""How long the trouble lasts."""

SETTLE_S = 900.0
"""How long everything may take to be as wanted when the trouble is over.

Most of it is patience by design: five minutes until pods leave a lost node.
"""

Act = Callable[[World, Random, str], Awaitable[None]]


@dataclass(frozen=True)
class Outcome:
    """What came of a seed."""

    history: History
    disturbed: bool
    """Whether somebody took pods or nodes away."""
    orphaned: bool
    """Whether somebody deleted Deployments or ReplicaSets."""
    scaled: bool
    """Whether somebody changed sizes in the middle of rollouts."""


def simulate(seed: int) -> Outcome:
    """Run the story of one seed and see that everything ends as wanted."""
    return run(_story(seed))


async def _story(seed: int) -> Outcome:
    chance = Random(seed)
    disturbed, scaled = chance.random() < 0.5, chance.random() < 0.5
    orphaned = disturbed and chance.random() < 0.5
    async with world(seed, drawn(chance)) as made:
        await asyncio.sleep(1.0)
        names = [f"web-{number}" for number in range(chance.randint(1, 2))]
        for name in names:
            await made.client.create(_deployment(name, chance))
        await made.client.create(
            replace(
                service(),
                metadata=ObjectMeta(name="web", namespace="default"),
                spec=replace(service().spec, cluster_ip=""),
            )
        )
        acts = _acts(disturbed=disturbed, orphaned=orphaned, scaled=scaled)
        await _trouble(made, chance, names, acts)
        made.weather.calm()
        for part in made.parts:
            if not made.runs(part):
                made.start(part)
        assert await made.settles(lambda: _as_wanted(made), within_s=SETTLE_S), (
            f"seed {seed} does not settle: {await _state(made)}"
        )
        await asyncio.sleep(5.0)
        return Outcome(made.history, disturbed, orphaned, scaled)


def _deployment(name: str, chance: Random) -> Deployment:
    wanted = deployment(chance.randint(1, 6), name=name, strategy=_strategy(chance))
    labels = {"app": name}
    selector = replace(wanted.spec.selector, match_labels=labels) if wanted.spec.selector else None
    spec = replace(wanted.spec, selector=selector, template=template(app=name))
    return replace(wanted, metadata=ObjectMeta(name=name, namespace="default"), spec=spec)


def _strategy(chance: Random) -> DeploymentStrategy:
    if chance.random() < 0.15:
        return RECREATE
    surge, unavailable = chance.randint(0, 3), chance.randint(0, 2)
    return rolling(surge, unavailable if surge else max(1, unavailable))


def _acts(*, disturbed: bool, orphaned: bool, scaled: bool) -> list[Act]:
    acts: list[Act] = [_roll, _roll, _pause, _restart_controllers, _restart_scheduler, _compact]
    if scaled:
        acts += [_scale, _scale]
    if disturbed:
        acts += [_delete_pod, _stop_node, _start_node]
    if orphaned:
        acts += [_delete_replica_set, _delete]
    return acts


async def _trouble(made: World, chance: Random, names: list[str], acts: list[Act]) -> None:
    """Change what is wanted, and break what runs, until the trouble is over."""
    until_s = asyncio.get_running_loop().time() + TROUBLE_S
    while asyncio.get_running_loop().time() < until_s:
        await chance.choice(acts)(made, chance, chance.choice(names))
        await asyncio.sleep(chance.random() * 12.0)


async def _change(made: World, name: str, **spec: object) -> None:
    try:
        found = await made.client.get(Deployment, Key("default", name))
        await made.client.update(replace(found, spec=replace(found.spec, **spec)))
    except (NotFoundError, ConflictError):
        return


async def _roll(made: World, chance: Random, name: str) -> None:
    await _change(made, name, template=template(f"img:{chance.randint(1, 4)}", app=name))


async def _scale(made: World, chance: Random, name: str) -> None:
    await _change(made, name, replicas=chance.randint(0, 7))


async def _pause(made: World, chance: Random, name: str) -> None:
    await _change(made, name, paused=True)
    await asyncio.sleep(chance.random() * 10.0)
    await _change(made, name, paused=False)


async def _restart_controllers(made: World, chance: Random, _name: str) -> None:
    await made.restart("controllers", after_s=chance.random() * 5.0)


async def _restart_scheduler(made: World, chance: Random, _name: str) -> None:
    await made.restart("scheduler", after_s=chance.random() * 5.0)


async def _compact(made: World, _chance: Random, _name: str) -> None:
    await made.store.compact(await made.store.revision())


async def _delete_pod(made: World, chance: Random, _name: str) -> None:
    pods = sorted(pod.metadata.name for pod in await made.list(Pod))
    if pods:
        await _delete_quietly(made, Pod, chance.choice(pods))


async def _delete_replica_set(made: World, chance: Random, _name: str) -> None:
    found = sorted(each.metadata.name for each in await made.list(ReplicaSet))
    if found:
        policy = chance.choice(["Background", "Foreground", "Orphan"])
        await _delete_quietly(made, ReplicaSet, chance.choice(found), policy)


async def _delete(made: World, chance: Random, name: str) -> None:
    if chance.random() < 0.3:
        policy = chance.choice(["Background", "Foreground"])
        await _delete_quietly(made, Deployment, name, policy)


async def _delete_quietly(
    made: World, kind: type[Pod] | type[ReplicaSet] | type[Deployment], name: str, policy: str = ""
) -> None:
    options = DeleteOptions(propagation_policy=policy or None)
    try:
        await made.client.delete(kind, Key("default", name), options)
    except NotFoundError:
        return


async def _stop_node(made: World, chance: Random, _name: str) -> None:
    part = f"kubelet-{chance.choice(NODES)}"
    if made.runs(part):
        await made.kill(part)


async def _start_node(made: World, chance: Random, _name: str) -> None:
    part = f"kubelet-{chance.choice(NODES)}"
    if not made.runs(part):
        made.start(part)


async def _as_wanted(made: World) -> bool:
    """Whether every Deployment has its pods, and what goes is gone."""
    deployments = await made.list(Deployment)
    replica_sets, pods = await made.list(ReplicaSet), await made.list(Pod)
    if any(node.spec.taints for node in await made.list(Node)):
        return False
    if any(each.metadata.deletion_timestamp for each in (*deployments, *replica_sets, *pods)):
        return False
    uids = {each.metadata.uid for each in (*deployments, *replica_sets)}
    owners = (each for child in (*replica_sets, *pods) for each in child.metadata.owner_references)
    if any(owner.uid not in uids for owner in owners):
        return False
    return all(is_rolled_out(each, replica_sets, pods) for each in deployments)


async def _state(made: World) -> str:
    """What there is, for a seed that failed."""
    lines = [
        *(f"{d.metadata.name} {d.spec.replicas} {d.status}" for d in await made.list(Deployment)),
        *(
            f"{r.metadata.name} {r.spec.replicas} {r.status.replicas}"
            for r in await made.list(ReplicaSet)
        ),
        *(
            f"{p.metadata.name} {p.spec.node_name} {p.status.phase} {p.metadata.deletion_timestamp}"
            for p in await made.list(Pod)
        ),
        *(f"{n.metadata.name} {n.spec.taints}" for n in await made.list(Node)),
    ]
    return "\n".join(lines)
