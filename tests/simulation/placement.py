"""A story of pods that are to be placed: bursts of them, nodes that change, schedulers that die.

Two schedulers stand for one office. On the way no rule is broken when a pod is
bound, by the slow rules of the unit tests; at the end nobody waits who fits.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from apiserver.registry.registry import Registry
from apiserver.registry.settings import Settings
from apiserver.storage.memory import MemoryStore
from knarr.api.core.node import Node
from knarr.api.core.pod import Pod, PodSpec
from knarr.api.core.resources import ResourceRequirements
from knarr.api.core.scheduling import Taint, Toleration, TopologySpreadConstraint
from knarr.api.errors import InvalidError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.options import DeleteOptions
from knarr.api.pods import condition_of
from knarr.api.scheduling.priority_class import PriorityClass
from knarr.client.client import Client
from knarr.client.informers import Informers
from knarr.client.leader import LeadershipLostError, leadership
from knarr.client.objects import key_of
from knarr.cluster.in_process import InProcessClient
from knarr.daemon.clock import Clock, LoopClock
from scheduler.config import SchedulerSettings
from scheduler.scheduler import run_scheduler
from tests.simulation.faults import FaultyClient, Weather, drawn
from tests.simulation.history import History, Moment
from tests.simulation.virtual import run
from tests.unit.scheduler import clusters, slowly

TROUBLE_S = 40.0
SETTLE_S = 60.0
"""Longer than any backoff: whoever fits is placed by then."""

LOCAL = ("NodeResourcesFit", "NodePorts")
"""Rules that hold at every binding even if the scheduler hears of everything late."""


@dataclass
class Story:
    """What came of a seed."""

    history: History
    is_calm: bool
    waiting: list[str] = field(default_factory=list)
    """Pods that fit at the end and have no node."""


def simulate_placement(seed: int, settings: SchedulerSettings | None = None) -> Story:
    """Run the story of one seed."""
    return run(_story(seed, settings))


async def _office(
    name: str,
    client: Client,
    clock: Clock,
    chance: Random,
    settings: SchedulerSettings | None,
) -> None:
    """A scheduler that works while it leads, and begins again when it no longer does."""
    while True:
        try:
            async with leadership(client, "scheduler", name, clock, namespace="default"):
                await run_scheduler(client, clock, chance, settings)
        except* LeadershipLostError:
            await asyncio.sleep(1.0)


async def _reaper(client: Client, chance: Random) -> None:
    """Ends pods that are to end, as kubelets do."""
    async with Informers(client) as informers, asyncio.TaskGroup() as group:
        pods = informers.of(Pod)

        async def end(key: Key) -> None:
            await asyncio.sleep(chance.random() * 3.0)
            try:
                await client.delete(Pod, key, DeleteOptions(grace_period_seconds=0))
            except NotFoundError:
                return

        def changed(old: Pod | None, new: Pod | None) -> None:
            if new is not None and new.metadata.deletion_timestamp is not None:
                group.create_task(end(key_of(new)))

        await pods.listed()
        pods.handle(changed)
        await asyncio.Event().wait()


@dataclass
class _World:
    chance: Random
    client: Client
    offices: dict[str, asyncio.Task[None]]
    start: Callable[[str], asyncio.Task[None]]
    number: int = 0


async def _story(seed: int, settings_of_schedulers: SchedulerSettings | None) -> Story:
    chance = Random(seed)
    is_calm = seed % 3 == 0
    weather = Weather() if is_calm else drawn(chance)
    store, clock = MemoryStore(), LoopClock()
    settings = Settings(service_account_tokens=False)
    registry = Registry(store, clock=clock, rng=Random(seed), settings=settings)
    loop = asyncio.get_running_loop()
    story = Story(History(), is_calm)
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(story.history.follow(store, loop.time)),
            group.create_task(registry.run()),
        ]
        await registry.ready()
        client = InProcessClient(registry)
        tasks.append(group.create_task(_reaper(client, Random(seed))))

        def start(name: str) -> asyncio.Task[None]:
            fate = Random(chance.getrandbits(64))
            return group.create_task(
                _office(
                    name, FaultyClient(client, weather, fate), clock, fate, settings_of_schedulers
                )
            )

        await _furnish(client, chance)
        world = _World(chance, client, {name: start(name) for name in ("a", "b")}, start)
        await asyncio.sleep(5.0)
        await _trouble(world, is_calm=is_calm)
        weather.calm()
        await asyncio.sleep(SETTLE_S)
        story.waiting = await _who_waits(client)
        for task in (*tasks, *world.offices.values()):
            task.cancel()
    return story


async def _furnish(client: Client, chance: Random) -> None:
    for name, labels in clusters.NAMESPACES.items():
        await client.create(clusters.namespace(name, labels))
    for value in (10, 100):
        await client.create(PriorityClass(metadata=ObjectMeta(name=f"p{value}"), value=value))
    for number in range(chance.randint(2, 5)):
        await _add_node(client, f"node-{number}", chance)


async def _add_node(client: Client, name: str, chance: Random) -> None:
    node = clusters.node(name, chance)
    made = await client.create(node)
    # The server keeps pods off a new node until somebody says that it is ready.
    await client.update(replace(made, spec=node.spec))


async def _trouble(world: _World, *, is_calm: bool) -> None:
    loop, chance = asyncio.get_running_loop(), world.chance
    until_s = loop.time() + TROUBLE_S
    acts = [_burst, _burst, _delete_pod, _change_node, _add_late_node]
    while loop.time() < until_s:
        await chance.choice(acts if is_calm else [*acts, _restart])(world)
        await asyncio.sleep(0.5 + chance.random() * 4.0)


async def _burst(world: _World) -> None:
    template = clusters.pod("x", world.chance)
    for _ in range(world.chance.randint(1, 6)):
        world.number += 1
        if world.chance.random() < 0.5:
            template = clusters.pod("x", world.chance)
        try:
            await world.client.create(_valid(template, f"pod-{world.number}"))
        except InvalidError:
            continue


async def _delete_pod(world: _World) -> None:
    pods = sorted(key_of(pod) for pod in (await world.client.list(Pod)).items)
    if pods:
        await world.client.delete(Pod, world.chance.choice(pods))


async def _change_node(world: _World) -> None:
    nodes = sorted((await world.client.list(Node)).items, key=key_of)
    node = world.chance.choice(nodes)
    taints = (Taint(key="a", effect="NoSchedule"),) if world.chance.random() < 0.3 else ()
    spec = replace(node.spec, taints=taints, unschedulable=world.chance.random() < 0.2)
    await world.client.update(replace(node, spec=spec))


async def _add_late_node(world: _World) -> None:
    world.number += 1
    if world.chance.random() < 0.3:
        await _add_node(world.client, f"late-{world.number}", world.chance)


async def _restart(world: _World) -> None:
    name = world.chance.choice(sorted(world.offices))
    task = world.offices[name]
    task.cancel()
    await asyncio.wait([task])
    world.offices[name] = world.start(name)


def _valid(pod: Pod, name: str) -> Pod:
    """The pod as the server takes it."""
    spec = pod.spec
    value = spec.priority or 0
    return Pod(
        metadata=ObjectMeta(
            name=name, namespace=pod.metadata.namespace, labels=pod.metadata.labels
        ),
        spec=PodSpec(
            containers=tuple(
                replace(
                    each,
                    resources=ResourceRequirements(
                        requests=each.resources.requests,
                        limits={
                            resource: amount
                            for resource, amount in each.resources.requests.items()
                            if resource == clusters.GPU
                        },
                    ),
                )
                for each in spec.containers
            ),
            node_selector=spec.node_selector,
            affinity=spec.affinity,
            priority_class_name=f"p{value}" if value else "",
            tolerations=tuple(_tolerable(each) for each in spec.tolerations),
            topology_spread_constraints=tuple(
                {
                    (each.topology_key, each.when_unsatisfiable): _spreadable(each)
                    for each in spec.topology_spread_constraints
                }.values()
            ),
            termination_grace_period_seconds=1,
        ),
    )


def _tolerable(toleration: Toleration) -> Toleration:
    return toleration if toleration.operator == "Equal" else replace(toleration, value="")


def _spreadable(constraint: TopologySpreadConstraint) -> TopologySpreadConstraint:
    hard = constraint.when_unsatisfiable == "DoNotSchedule"
    return constraint if hard else replace(constraint, min_domains=None)


async def _who_waits(client: Client) -> list[str]:
    """Pods that fit on a node as things are, and have none."""
    cluster = clusters.Cluster(Random(0))
    cluster.nodes = {node.metadata.name: node for node in (await client.list(Node)).items}
    pods = (await client.list(Pod)).items
    cluster.pods = {key_of(pod): pod for pod in pods if pod.spec.node_name}
    hopes = [pod for pod in pods if pod.status.nominated_node_name]
    return [
        f"{key_of(pod)} {pod.status.conditions}"
        for pod in pods
        if not pod.spec.node_name
        and pod.metadata.deletion_timestamp is None
        and not [each for each in hopes if each is not pod]
        and any(_fits(cluster, pod, node) for node in cluster.nodes.values())
    ]


def _fits(cluster: clusters.Cluster, pod: Pod, node: Node) -> bool:
    return not any(rule(cluster, pod, node) for rule in slowly.FILTERS.values())


# ---- checks


def check_placements(story: Story) -> None:
    """See that no rule was broken at any binding, and that nobody was forgotten."""
    cluster = clusters.Cluster(Random(0))
    for moment in story.history:
        if isinstance(moment.new, Node):
            cluster.nodes[moment.new.metadata.name] = moment.new
        elif isinstance(moment.new or moment.old, Pod):
            _follow(cluster, moment, story)
    assert not story.waiting, f"forgotten: {story.waiting}"
    if story.is_calm:
        nobody_evicted_in_vain(list(story.history))


def _follow(cluster: clusters.Cluster, moment: Moment, story: Story) -> None:
    old, new = moment.old, moment.new
    if not isinstance(new, Pod):
        assert isinstance(old, Pod), "pods only"
        cluster.pods.pop(key_of(old), None)
        return
    was_bound = isinstance(old, Pod) and bool(old.spec.node_name)
    if new.spec.node_name and not was_bound:
        node = cluster.nodes[new.spec.node_name]
        for name, rule in slowly.FILTERS.items():
            if story.is_calm or name in LOCAL:
                broken = rule(cluster, new, node)
                assert not broken, f"{moment.key} at {moment.revision}: {broken}"
        if not story.is_calm:
            _keeps_away(cluster, new, node)
    if new.spec.node_name:
        cluster.pods[key_of(new)] = new


def _keeps_away(cluster: clusters.Cluster, pod: Pod, node: Node) -> None:
    """Anti-affinity holds even if bindings arrive in another order than they were decided."""
    affinity = pod.spec.affinity and replace(pod.spec.affinity, pod_affinity=None)
    alone = replace(pod, spec=replace(pod.spec, affinity=affinity or None))
    broken = slowly.inter_pod(cluster, alone, node)
    assert not broken, f"{key_of(pod)}: {broken}"


def nobody_evicted_in_vain(moments: Sequence[Moment]) -> None:
    """For each victim a more important pod is placed that wanted its node.

    It may be placed elsewhere in the end, if somebody else leaves sooner; and who
    could know that the user closes the node, or takes the pod away.
    """
    seen = set()
    for number, moment in enumerate(moments):
        pod = moment.new
        if not isinstance(pod, Pod) or pod.metadata.uid in seen:
            continue
        target = condition_of(pod, "DisruptionTarget")
        if target is None or target.reason != "PreemptionByScheduler":
            continue
        seen.add(pod.metadata.uid)
        assert any(
            _profits(later, pod) or _is_surprise(later, pod.spec.node_name)
            for later in moments[number:]
        ), f"{moment.key} was evicted in vain"


def _profits(moment: Moment, victim: Pod) -> bool:
    old, new = moment.old, moment.new
    if not isinstance(old, Pod) or not isinstance(new, Pod):
        return False
    node_name = victim.spec.node_name
    return (
        bool(new.spec.node_name)
        and not old.spec.node_name
        and (new.spec.priority or 0) > (victim.spec.priority or 0)
        and node_name in (new.spec.node_name, old.status.nominated_node_name)
    )


def _is_surprise(moment: Moment, node_name: str) -> bool:
    """Whether the user changed the node, or took away a pod that hoped for it.

    A node that joins is one too: others may be placed there who share a disk or a
    zone with the node, and the pod that hoped for it keeps away from them.
    """
    old, new = moment.old, moment.new
    if isinstance(new, Node):
        return new.metadata.name == node_name or old is None
    return isinstance(old, Pod) and new is None and old.status.nominated_node_name == node_name
