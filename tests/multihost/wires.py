"""What is between the hosts, and what may go wrong there.

    node1 ─┐                     ┌─ node3
    node2 ─┴─ br0 ── router ── br1

The switch is a namespace of its own: two bridges, and itself the router between
them. Every fault is done there, so that hosts notice nothing but its effects.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from tests.multihost.namespaces import delete, entering, ip, no_offloads, run, sysctl

LINKS = ("10.89.0", "10.90.0")
"""The networks of the two bridges."""

_ROUTER_MAC = "02:4b:4e:00:ff:{:02x}"
"""The router's own on each link. A bridge without one takes the lowest of its ports', another
one whenever ports come and go, and hosts would send to the old one for up to a minute."""

ROUTER = 254

FAULTS = """
table bridge faults {
  set cut { type ifname . ifname; }
  chain c {
    type filter hook forward priority 0; policy accept;
    iifname . oifname @cut drop
  }
}
table ip faults {
  set cut { type ipv4_addr . ipv4_addr; }
  chain c {
    type filter hook forward priority 0; policy accept;
    ip saddr . ip daddr @cut drop
  }
}
"""


class Plug(Protocol):
    """A host as the wires see it."""

    @property
    def name(self) -> str:
        """Its name, and that of its port."""
        ...

    @property
    def ip(self) -> str:
        """Its address."""
        ...

    @property
    def pods(self) -> str:
        """The addresses of pods there, of a node."""
        ...


class Wires(Protocol):
    """The faults between hosts; `heal` ends them all."""

    def partition(self, one: Plug, other: Plug) -> None:
        """Let nothing pass between two hosts."""
        ...

    def one_way(self, source: Plug, target: Plug) -> None:
        """Lose what one host sends to another, not what comes back."""
        ...

    def cut(self, host: Plug) -> None:
        """Pull the host's cable."""
        ...

    def plug(self, host: Plug) -> None:
        """Put it in again."""
        ...

    def lose(self, host: Plug, percent: int) -> None:
        """Lose so many of the packets a host sends."""
        ...

    def delay(self, host: Plug, milliseconds: int) -> None:
        """Have each packet from and to a host take so much longer."""
        ...

    def heal(self) -> None:
        """Have everything as it was."""
        ...

    def lead(self, host: Plug, nodes: Sequence[Plug]) -> None:
        """Have a host that is no node reach the pods of nodes."""
        ...


class Switch:
    """The wires of hosts that are namespaces."""

    def __init__(self, tag: str, folder: Path) -> None:
        self.namespace = f"{tag}sw"
        self._folder = folder
        self._cut: set[str] = set()
        self._lossy: set[str] = set()
        self._slow: dict[str, subprocess.Popen[bytes]] = {}
        self._bridges: dict[str, str] = {}
        self._namespaces: dict[str, str] = {}

    @staticmethod
    def address(link: int) -> str:
        """The router's address on a link."""
        return f"{LINKS[link]}.{ROUTER}"

    def up(self) -> None:
        """Make the bridges and the router."""
        run("ip", "netns", "add", self.namespace)
        ip(self.namespace, "link", "set", "lo", "up")
        for number, link in enumerate(LINKS):
            name = f"br{number}"
            own = ("address", _ROUTER_MAC.format(number))
            kind = (*own, "type", "bridge", "forward_delay", "0", "stp_state", "0")
            ip(self.namespace, "link", "add", name, *kind)
            ip(self.namespace, "link", "set", name, "up")
            ip(self.namespace, "addr", "add", f"{link}.{ROUTER}/24", "dev", name)
        # A switch switches: the router's rules are not for what only passes through a bridge.
        sysctl(
            self.namespace,
            **{
                f"bridge__bridge-nf-call-{one}": 0 for one in ("iptables", "ip6tables", "arptables")
            },
            ipv4__ip_forward=1,
            ipv4__conf__all__rp_filter=0,
            ipv4__conf__all__send_redirects=0,
        )
        self._nft(FAULTS)

    def connect(self, namespace: str, name: str, number: int, link: int) -> None:
        """Give a host its cable; the same hardware address each time, or peers keep a stale one."""
        peer = ("type", "veth", "peer", "name", "eth0", "netns", namespace)
        ip(self.namespace, "link", "add", name, *peer)
        self._bridges[name], self._namespaces[name] = f"br{link}", namespace
        ip(self.namespace, "link", "set", name, "master", f"br{link}", "up")
        ip(namespace, "link", "set", "eth0", "address", f"02:4b:4e:00:00:{number:02x}")
        ip(namespace, "addr", "add", f"{LINKS[link]}.{number}/24", "dev", "eth0")
        ip(namespace, "link", "set", "eth0", "up")
        ip(namespace, "route", "add", "default", "via", f"{LINKS[link]}.{ROUTER}")
        no_offloads(namespace, "eth0")

    def disconnect(self, name: str) -> None:
        """The host is gone, and its cable with it."""
        self._end_delay(name)
        run("ip", "-n", self.namespace, "link", "del", name, check=False)

    def partition(self, one: Plug, other: Plug) -> None:
        """Let nothing pass between two hosts."""
        self.one_way(one, other)
        self.one_way(other, one)

    def one_way(self, source: Plug, target: Plug) -> None:
        """Lose what one host sends to another."""
        self._nft(
            f'add element bridge faults cut {{ "{source.name}" . "{target.name}" }}\n'
            f"add element ip faults cut {{ {source.ip} . {target.ip} }}\n"
        )

    def cut(self, host: Plug) -> None:
        """Pull the host's cable."""
        self._cut.add(host.name)
        ip(self.namespace, "link", "set", host.name, "down")

    def plug(self, host: Plug) -> None:
        """Put the host's cable in again."""
        self._cut.discard(host.name)
        ip(self.namespace, "link", "set", host.name, "up")

    def lose(self, host: Plug, percent: int) -> None:
        """Lose so many of the packets a host sends."""
        self._lossy.add(host.name)
        chance = f"numgen random mod 100 < {percent} " if percent < 100 else ""
        hook = f'type filter hook ingress device "{host.name}" priority 0; policy accept;'
        table = f"netdev lossy-{host.name}"
        self._nft(
            f"add table {table}\ndelete table {table}\ntable {table} {{\n chain c {{\n  {hook}\n"
            f"  {chance}drop\n }}\n}}\n"
        )

    def delay(self, host: Plug, milliseconds: int) -> None:
        """Have each packet from and to a host take so much longer."""
        self._end_delay(host.name)
        outer, inner = f"{host.name}o", f"{host.name}i"
        ip(self.namespace, "link", "add", outer, "type", "veth", "peer", "name", inner)
        ip(self.namespace, "link", "set", host.name, "nomaster")
        ip(self.namespace, "link", "set", inner, "up")
        ip(self.namespace, "link", "set", outer, "master", self._bridges[host.name], "up")
        for device in (outer, inner, host.name):
            no_offloads(self.namespace, device)
        words = (host.name, inner, str(milliseconds))
        slow = subprocess.Popen(
            [*entering(self.namespace), sys.executable, str(SLOW_WIRE), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._slow[host.name] = slow
        assert slow.stdout is not None, "it is a pipe"
        assert slow.stdout.readline() == b"up\n", "the slow wire did not start"

    def heal(self) -> None:
        """Have everything as it was."""
        self._nft("flush set bridge faults cut\nflush set ip faults cut\n")
        for name in self._lossy:
            # It went with the cable of a host that was switched off.
            self._nft(f"add table netdev lossy-{name}\ndelete table netdev lossy-{name}\n")
        self._lossy.clear()
        for name in tuple(self._slow):
            self._end_delay(name)
        for name in self._cut:
            run("ip", "-n", self.namespace, "link", "set", name, "up", check=False)
        self._cut.clear()

    def lead(self, host: Plug, nodes: Sequence[Plug]) -> None:
        """Have a host that is no node reach the pods of nodes; all go by the router."""
        for node in nodes:
            route = ("route", "replace", node.pods, "via")
            ip(self.namespace, *route, node.ip)
            is_near = self._bridges[node.name] == self._bridges[host.name]
            link = LINKS.index(host.ip.rpartition(".")[0])
            ip(self._namespaces[host.name], *route, node.ip if is_near else self.address(link))

    def down(self) -> None:
        """Leave nothing."""
        for name in tuple(self._slow):
            self._end_delay(name)
        delete(self.namespace)

    def _end_delay(self, name: str) -> None:
        slow = self._slow.pop(name, None)
        if slow is None:
            return
        slow.kill()
        slow.communicate()
        run("ip", "-n", self.namespace, "link", "del", f"{name}o", check=False)
        bridge = self._bridges[name]
        run("ip", "-n", self.namespace, "link", "set", name, "master", bridge, check=False)

    def _nft(self, text: str) -> None:
        run(*entering(self.namespace), "nft", "-f", "-", fed=text)


SLOW_WIRE = Path(__file__).with_name("slow_wire.py")
