"""In which networks connections are taken and passed on; the same, mostly.

A cluster in a network of its own takes them in the machine's network, and the
other way round.
"""

import asyncio
import socket
from collections.abc import Callable

from msgspec import Struct

MakeSocket = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a kind."""


class Sockets(Struct, frozen=True):
    """Both sides of a listener."""

    to_clients: MakeSocket = socket.socket
    to_endpoints: MakeSocket = socket.socket

    def bound(self, address: str, port: int, kind: int) -> socket.socket:
        """A socket to take clients at. Raise OSError where somebody else has the place."""
        made = self.to_clients(_family(address), kind)
        try:
            if kind == socket.SOCK_STREAM:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if made.family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((address, port))
        except OSError:
            made.close()
            raise
        made.settimeout(0)
        return made

    async def connected(self, address: str, port: int) -> socket.socket:
        """A connection to an endpoint. Raise OSError."""
        made = self.to_endpoints(_family(address), socket.SOCK_STREAM)
        made.settimeout(0)
        try:
            await asyncio.get_running_loop().sock_connect(made, (address, port))
        except BaseException:
            made.close()
            raise
        return made


HERE = Sockets()


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
