"""Faults between hosts that are reached by ssh, made by each host's own firewall.

Packets of a host are told by its address and by those of its pods. What comes from
anywhere else passes, so that ssh does.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from tests.multihost.remote import RemoteHost
from tests.multihost.wires import Plug

TABLE = "knarr_faults"

RULES = f"""
table ip {TABLE} {{
  set from {{ type ipv4_addr; flags interval; }}
  set to {{ type ipv4_addr; flags interval; }}
  chain in {{
    type filter hook prerouting priority -350; policy accept;
    ip saddr @from drop
  }}
  chain out {{
    type filter hook postrouting priority 350; policy accept;
    ip daddr @to drop
  }}
  chain lossy {{
    type filter hook postrouting priority 351; policy accept;
  }}
}}
"""


@dataclass
class RemoteWires:
    """The wires of hosts that are reached by ssh."""

    hosts: Sequence[RemoteHost]

    def up(self) -> None:
        """Make room for faults on each host."""
        self.down()
        for host in self.hosts:
            self._nft(host, RULES)

    def partition(self, one: Plug, other: Plug) -> None:
        """Let nothing pass between two hosts."""
        self.one_way(one, other)
        self.one_way(other, one)

    def one_way(self, source: Plug, target: Plug) -> None:
        """Lose what one host sends to another."""
        self._add(self._host(target), "from", [source])

    def cut(self, host: Plug) -> None:
        """Let nothing pass between a host and all the others."""
        others = [one for one in self.hosts if one.name != host.name]
        for direction in ("from", "to"):
            self._add(self._host(host), direction, others)

    def plug(self, host: Plug) -> None:
        """End what befell this host."""
        self._clear(self._host(host))

    def lose(self, host: Plug, percent: int) -> None:
        """Lose so many of the packets a host sends to the others."""
        others = [one for one in self.hosts if one.name != host.name]
        places = ", ".join(_places(others))
        chance = f"numgen random mod 100 < {percent} " if percent < 100 else ""
        rule = f"ip daddr {{ {places} }} {chance}drop"
        self._nft(self._host(host), f"add rule ip {TABLE} lossy {rule}\n")

    def delay(self, host: Plug, milliseconds: int) -> None:
        """Have what a host sends take so much longer, and as much again what it gets."""
        found = self._host(host)
        device = _device(found)
        words = ("qdisc", "replace", "dev", device, "root", "netem")
        told = found.run("tc", *words, "delay", f"{2 * milliseconds}ms", check=False)
        if told:
            pytest.skip(f"{host.name} cannot delay packets: {told.strip()}")

    def heal(self) -> None:
        """Have everything as it was."""
        for host in self.hosts:
            self._clear(host)

    def lead(self, host: Plug, nodes: Sequence[Plug]) -> None:
        """Have a host that is no node reach the pods of nodes."""
        for node in nodes:
            route = ("ip", "route", "replace", node.pods, "via", node.ip)
            self._host(host).run(*route)

    def down(self) -> None:
        """Leave no rule."""
        for host in self.hosts:
            host.run("nft", "delete", "table", "ip", TABLE, check=False)
            host.run("tc", "qdisc", "del", "dev", _device(host), "root", "netem", check=False)

    def booted(self, host: RemoteHost) -> None:
        """A host that was off has no rules any more."""
        host.run("nft", "delete", "table", "ip", TABLE, check=False)
        self._nft(host, RULES)

    def _host(self, plug: Plug) -> RemoteHost:
        return next(host for host in self.hosts if host.name == plug.name)

    def _add(self, host: RemoteHost, direction: str, others: Sequence[Plug]) -> None:
        places = ", ".join(_places(others))
        self._nft(host, f"add element ip {TABLE} {direction} {{ {places} }}\n")

    def _clear(self, host: RemoteHost) -> None:
        flush = [f"flush set ip {TABLE} {one}\n" for one in ("from", "to")]
        self._nft(host, "".join([*flush, f"flush chain ip {TABLE} lossy\n"]))
        host.run("tc", "qdisc", "del", "dev", _device(host), "root", "netem", check=False)

    def _nft(self, host: RemoteHost, text: str) -> None:
        host.run("nft", "-f", "-", fed=text)


def _places(hosts: Sequence[Plug]) -> list[str]:
    return [place for host in hosts for place in (host.ip, host.pods) if place]


def _device(host: RemoteHost) -> str:
    """The device that has the host's address."""
    told = host.run("ip", "-o", "-4", "addr", "show")
    return next(line.split()[1] for line in told.splitlines() if f" {host.ip}/" in line)
