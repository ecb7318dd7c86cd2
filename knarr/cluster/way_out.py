"""The way from a network of the cluster's own to other machines, where that has no route.

The kernel leads every connection that is for nobody here to one listener of ours; that
asks the kernel whom it was meant for, and connects to him from the machine's network.
`datagrams_out.py` does the same for datagrams.
"""

import asyncio
import socket
import struct
from collections.abc import Iterator, Sequence

from knarr.cluster.datagrams_out import DatagramsOut
from knarr.cluster.flow_table import FlowTable
from proxy.model import Backend
from proxy.nftables.nft import Kernel
from proxy.userspace.balancer import Balancer
from proxy.userspace.sockets import Sockets
from proxy.userspace.tcp import TcpListener

SO_ORIGINAL_DST = 80
"""Linux' name for whom a connection was meant for before it was led elsewhere."""

_ADDRESS = struct.Struct("!HH4s8x")

CONNECT_S = 20.0
"""Other machines may be far away."""

NOT_OUT = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/3")
"""What is nobody's address on other machines."""

RULES = """table ip knarr-way-out {{
  comment "The way to other machines, by knarr"
  chain choose {{
    ip daddr {{ {here} }} return
    fib daddr type local return
    meta l4proto tcp redirect to :{port}
    meta l4proto udp redirect to :{datagrams}
  }}
  chain from-pods {{
    type nat hook prerouting priority dstnat; policy accept;
    jump choose
  }}
  chain from-here {{
    type nat hook output priority -100; policy accept;
    jump choose
  }}
  chain nothing-else {{
    type filter hook output priority filter; policy accept;
    oifname "lo" fib daddr type != local reject with icmp net-unreachable
  }}
}}
"""


class WayOut(TcpListener):
    """Takes connections in the cluster's network and makes them in the machine's."""

    connect_s = CONNECT_S

    def __init__(self, sockets: Sockets) -> None:
        super().__init__("0.0.0.0", 0, Balancer((), 0), sockets)
        self._flows = FlowTable()
        self._datagrams = DatagramsOut(sockets, self._flows.meant_for)

    async def open_for(self, here: Sequence[str], kernel: Kernel) -> None:
        """Have all connections and datagrams led here but those to these ranges. Raise OSError."""
        await self.open()
        self._datagrams.open()
        ranges = ", ".join((*NOT_OUT, *here))
        ports = {"port": self.port, "datagrams": self._datagrams.port}
        await kernel.apply(RULES.format(here=ranges, **ports))

    async def close(self) -> None:
        """Take no more of either."""
        await super().close()
        self._datagrams.close()
        self._flows.close()

    def _endpoints(self, writer: asyncio.StreamWriter) -> Iterator[Backend]:
        made: socket.socket = writer.get_extra_info("socket")
        told = made.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, _ADDRESS.size)
        _, port, address = _ADDRESS.unpack(told)
        meant = Backend(socket.inet_ntoa(address), port)
        if port != self.port:  # Else somebody has asked us ourselves.
            yield meant
