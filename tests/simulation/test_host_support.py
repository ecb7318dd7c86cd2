"""Nodes get ranges, tokens go, roles gather and Secrets are filled, whatever happens."""

import asyncio
from contextlib import suppress
from random import Random

from cryptography.hazmat.primitives.asymmetric import ec

from controller_manager.manager import run_controllers
from controller_manager.settings import ControllerSettings
from knarr.api.core.bootstrap_token import NAMESPACE, PREFIX, SECRET_TYPE, BootstrapToken
from knarr.api.core.node import Node
from knarr.api.core.secret import Secret
from knarr.api.core.service_account import ServiceAccount
from knarr.api.errors import ApiError, NotFoundError
from knarr.api.keys import Key
from knarr.api.meta.object_meta import ObjectMeta
from knarr.api.meta.selector import LabelSelector
from knarr.api.rbac.cluster_role import ClusterRole
from knarr.api.rbac.rules import AggregationRule, PolicyRule
from knarr.client.client import Client
from knarr.daemon.clock import Clock
from knarr.daemon.jwt import Signer
from tests.simulation.faults import drawn
from tests.simulation.history import History
from tests.simulation.virtual import run
from tests.simulation.world import World, world

TURN = 2

STEPS = 40
SETTLES_S = 240
NODES_MAX = 12
"""Of the sixteen for which there are ranges."""

_SIGNER = Signer(ec.generate_private_key(ec.SECP256R1()))


async def _controllers(client: Client, clock: Clock, chance: Random) -> None:
    settings = ControllerSettings(
        controllers=(
            "node-ipam",
            "token-cleaner",
            "clusterrole-aggregation",
            "serviceaccount-token",
        ),
        root_ca="the CA",
        cluster_cidr=("10.0.0.0/20",),
        signer=_SIGNER,
    )
    await run_controllers(client, clock, chance, settings)


def test_hosts_are_supported_through_trouble(seed: int) -> None:
    history = run(_story(seed))
    never_share_a_range(history)


def never_share_a_range(history: History) -> None:
    """At no moment have two nodes one range, and none ever gets another one."""
    held: dict[str, str] = {}
    for moment in history:
        obj = moment.new or moment.old
        if not isinstance(obj, Node):
            continue
        name = obj.metadata.uid
        if moment.new is None:
            held.pop(name, None)
            continue
        cidr = obj.spec.pod_cidr
        assert held.get(name, cidr) == cidr, f"{name} changes from {held.get(name)} to {cidr}"
        if cidr:
            assert all(other == name or theirs != cidr for other, theirs in held.items()), (
                f"{cidr} has two nodes at {moment.at_s:.1f} s"
            )
            held[name] = cidr


async def _story(seed: int) -> History:
    chance = Random(seed)
    async with world(seed, drawn(chance), {"controllers": _controllers}) as made:
        await made.client.create(
            ClusterRole(
                metadata=ObjectMeta(name="all"),
                aggregation_rule=AggregationRule(
                    cluster_role_selectors=(LabelSelector(match_labels={"to": "all"}),)
                ),
            )
        )
        await asyncio.sleep(1)
        for number in range(STEPS):
            await _step(made, chance, number)
            await asyncio.sleep(chance.uniform(0, 5))
        made.weather.calm()
        assert await made.settles(lambda: _is_settled(made), within_s=SETTLES_S)
        return made.history


async def _step(made: World, chance: Random, number: int) -> None:
    """Something that people or hosts do, or a restart of the controllers."""
    steps = (
        _add_node,
        _add_node,
        _remove_node,
        _restart,
        _make_token,
        _change_role,
        _change_account,
    )
    await chance.choice(steps)(made, chance, number)


async def _add_node(made: World, _chance: Random, number: int) -> None:
    if len(await made.list(Node)) < NODES_MAX:
        await made.client.create(Node(metadata=ObjectMeta(name=f"n{number}")))


async def _remove_node(made: World, chance: Random, _number: int) -> None:
    nodes = await made.list(Node)
    if nodes:
        await made.client.delete(Node, Key("", chance.choice(nodes).metadata.name))


async def _restart(made: World, chance: Random, _number: int) -> None:
    await made.restart("controllers", after_s=chance.uniform(0, 3))


async def _change_role(made: World, chance: Random, number: int) -> None:
    """Make a role anew, that is gathered or is not."""
    rule = PolicyRule(verbs=("get",), api_groups=("x",), resources=(f"r{number}",))
    labels = {"to": chance.choice(("all", "none"))}
    metadata = ObjectMeta(name=f"role{chance.randrange(4)}", labels=labels)
    with suppress(NotFoundError):
        await made.client.delete(ClusterRole, Key("", metadata.name))
    await made.client.create(ClusterRole(metadata=metadata, rules=(rule,)))


async def _make_token(made: World, chance: Random, number: int) -> None:
    token = BootstrapToken(
        id=f"token{number % 10}",
        secret="0123456789abcdef",
        expires=made.clock.now().fromtimestamp(
            made.clock.now().timestamp() + chance.uniform(-5, 60), made.clock.now().tzinfo
        ),
        usages=("authentication",),
    )
    with suppress(ApiError):
        await made.client.create(
            Secret(
                metadata=ObjectMeta(name=PREFIX + token.id, namespace=NAMESPACE),
                type=SECRET_TYPE,
                string_data=token.as_data(),
            )
        )


async def _change_account(made: World, chance: Random, number: int) -> None:
    """Make an account with a Secret for its token, or delete one."""
    name = f"sa{chance.randrange(3)}"
    try:
        await made.client.delete(ServiceAccount, Key("default", name))
    except NotFoundError:
        metadata = ObjectMeta(name=name, namespace="default")
        await made.client.create(ServiceAccount(metadata=metadata))
        await made.client.create(
            Secret(
                metadata=ObjectMeta(
                    name=f"{name}-{number}",
                    namespace="default",
                    annotations={"kubernetes.io/service-account.name": name},
                ),
                type="kubernetes.io/service-account-token",
            )
        )


async def _is_settled(made: World) -> bool:
    nodes = await made.list(Node)
    if not all(node.spec.pod_cidr for node in nodes):
        return False
    roles = {role.metadata.name: role for role in await made.list(ClusterRole)}
    gathered = [
        rule
        for name, role in sorted(roles.items())
        if role.metadata.labels.get("to") == "all"
        for rule in role.rules
    ]
    accounts = {one.metadata.name: one.metadata.uid for one in await made.list(ServiceAccount)}
    secrets = await made.list(Secret)
    return list(roles["all"].rules) == gathered and all(_is_right(one, accounts) for one in secrets)


def _is_right(secret: Secret, accounts: dict[str, str]) -> bool:
    """Tokens by which hosts join are gone by then; an account's are whole, and it lives."""
    prefix = "kubernetes.io/service-account."
    name = secret.metadata.annotations.get(f"{prefix}name", "")
    uid = secret.metadata.annotations.get(f"{prefix}uid", "")
    is_whole = secret.data.keys() >= {"token", "ca.crt", "namespace"}
    return secret.type != SECRET_TYPE and is_whole and accounts.get(name) == uid
