"""Routes and tunnels through netlink.

Our routes carry a protocol number of their own, so that those of a former life
are known again and nobody else's is touched.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TypeVar

import structlog
from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from kubelet.routes.decide import Network, Tunnel, Wanted, inner_address, mac_of

log = structlog.get_logger()

T = TypeVar("T")

PROTOCOL = 77
"""The number that marks our routes; below 128 and used by no known daemon."""

DEVICE = "knarr.vx"

VXLAN_ID, VXLAN_PORT = 77, 8472

MTU = 1450
"""What is left of an Ethernet frame when one travels within another."""

ONLINK = 4
"""The flag of a route whose gateway is there though no address says so."""

PERMANENT = 0x80

_EXISTS = 17


class Links:
    """The links of one network namespace."""

    def __init__(self, namespace: str | None = None) -> None:
        self._namespace = namespace

    async def networks(self) -> Sequence[Network]:
        """What is reached without a router."""
        return await _apart(self._networks)

    async def apply(self, wanted: Wanted, *, own_cidr: str, own_address: str) -> None:
        """Have these routes and no others of ours. Raise OSError."""
        await _apart(lambda: self._apply(wanted, own_cidr, own_address))

    async def _networks(self) -> Sequence[Network]:
        async with AsyncIPRoute(netns=self._namespace) as netlink:
            tunnel = await netlink.link_lookup(ifname=DEVICE)
            found = []
            async for one in await netlink.addr("dump"):
                if one["index"] not in tunnel:
                    text = f"{one.get('address')}/{one['prefixlen']}"
                    found.append(ipaddress.ip_network(text, strict=False))
            return found

    async def _apply(self, wanted: Wanted, own_cidr: str, own_address: str) -> None:
        try:
            async with AsyncIPRoute(netns=self._namespace) as netlink:
                device = 0
                if wanted.tunnels and own_cidr and own_address:
                    device = await _device(netlink, own_cidr, own_address)
                    await _forget_peers(netlink, device, wanted.tunnels.values())
                for cidr, gateway in wanted.direct.items():
                    await _route(netlink, cidr, gateway=gateway)
                for cidr, tunnel in wanted.tunnels.items():
                    if device:
                        await _peer(netlink, device, tunnel)
                        await _route(
                            netlink, cidr, gateway=tunnel.gateway, oif=device, flags=ONLINK
                        )
                await _forget_routes(netlink, {*wanted.direct, *wanted.tunnels})
                if not wanted.tunnels:
                    await _remove_device(netlink)
        except NetlinkError as error:
            raise OSError(error.code, f"routes: {error}") from None


async def _apart(work: Callable[[], Coroutine[None, None, T]]) -> T:
    """Do it in a plain event loop of its own: uvloop knows no sockets of netlink."""
    return await asyncio.to_thread(lambda: asyncio.run(work()))


async def _route(netlink: AsyncIPRoute, cidr: str, **words: object) -> None:
    family = socket.AF_INET6 if ":" in cidr else socket.AF_INET
    try:
        await netlink.route("replace", dst=cidr, family=family, proto=PROTOCOL, **words)
    except NetlinkError as error:
        log.warning("no route to a node's pods", pods=cidr, error=str(error), **words)


async def _forget_routes(netlink: AsyncIPRoute, wanted: set[str]) -> None:
    for family in (socket.AF_INET, socket.AF_INET6):
        found = [one async for one in await netlink.route("dump", family=family, proto=PROTOCOL)]
        for one in found:
            cidr = f"{one.get('dst')}/{one['dst_len']}"
            if one["proto"] == PROTOCOL and cidr not in wanted:
                await netlink.route("del", dst=cidr, family=family, proto=PROTOCOL)


async def _device(netlink: AsyncIPRoute, own_cidr: str, own_address: str) -> int:
    """The tunnel's device, made if it is not there."""
    found = await netlink.link_lookup(ifname=DEVICE)
    if not found:
        await netlink.link(
            "add",
            ifname=DEVICE,
            kind="vxlan",
            vxlan_id=VXLAN_ID,
            vxlan_local=own_address,
            vxlan_port=VXLAN_PORT,
            vxlan_learning=0,
            address=mac_of(own_cidr),
        )
        found = await netlink.link_lookup(ifname=DEVICE)
    device = int(found[0])
    await netlink.link("set", index=device, state="up", mtu=MTU)
    await netlink.addr("replace", index=device, address=inner_address(own_cidr), prefixlen=32)
    return device


async def _peer(netlink: AsyncIPRoute, device: int, tunnel: Tunnel) -> None:
    await netlink.neigh(
        "replace", dst=tunnel.gateway, lladdr=tunnel.mac, ifindex=device, state=PERMANENT
    )
    try:
        await netlink.fdb("add", lladdr=tunnel.mac, dst=tunnel.remote, ifindex=device)
    except NetlinkError as error:
        if error.code != _EXISTS:
            raise


async def _forget_peers(netlink: AsyncIPRoute, device: int, wanted: Iterable[Tunnel]) -> None:
    """Take away the peers that are gone or have moved."""
    places = {(one.mac, one.remote) for one in wanted}
    found = [one async for one in await netlink.fdb("dump", ifindex=device)]
    for one in found:
        place = one.get("lladdr"), one.get("dst")
        if one["ifindex"] == device and all(place) and place not in places:
            await netlink.fdb("del", lladdr=place[0], dst=place[1], ifindex=device)


async def _remove_device(netlink: AsyncIPRoute) -> None:
    for index in await netlink.link_lookup(ifname=DEVICE):
        await netlink.link("del", index=index)
