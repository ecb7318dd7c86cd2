"""The way of datagrams from a network of the cluster's own to other machines.

The kernel leads every datagram that is for nobody here to one socket of ours, and
what we answer there reaches the client as if the other machine had sent it. Each
client and destination has a socket of its own in the machine's network.
"""

import asyncio
import socket
import struct
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

import structlog

from knarr.cluster.flow_table import Address
from proxy.userspace.sockets import Sockets

log = structlog.get_logger()

IP_PKTINFO = 8
"""Linux' name for the address of ours that a datagram came in at."""

_INFO = struct.Struct("=i4s4s")

DATAGRAM_BYTES = 65535

TURNS_MAX = 64
"""So many datagrams are taken before others get their turn."""

FLOWS_MAX = 1024
"""So many conversations at a time; the one that was quiet for longest makes place."""

QUIET_S = 28.0
"""A question that nobody answers: a little less than the kernel's 30 s, which then forgets it."""

CONVERSATION_QUIET_S = 115.0
"""A conversation that went both ways: a little less than the kernel's 120 s."""

CONVERSATION_AFTER_S = 3.0
"""What still goes both ways then is a conversation for the kernel too; it says so after 2 s."""

MeantFor = Callable[[Address, Address], Address]
"""Whom a client's datagram was meant for that came in at our address. Raises OSError."""

Key = tuple[Address, str]
"""A client as the kernel shows it to us, and our address that it came in at."""


class DatagramsOut:
    """Passes datagrams on, and what comes back."""

    def __init__(
        self, sockets: Sockets, meant_for: MeantFor, *, flows_max: int = FLOWS_MAX
    ) -> None:
        self._sockets = sockets
        self._meant_for = meant_for
        self._flows_max = flows_max
        self._flows: OrderedDict[Key, _Flow] = OrderedDict()
        self._taken: socket.socket | None = None
        self.port = 0
        """Where datagrams have to be led; 0 while closed."""
        self.begun = 0
        """How many conversations there have been."""

    def open(self) -> None:
        """Take datagrams. Raise OSError."""
        self._taken = taken = self._sockets.bound("0.0.0.0", 0, socket.SOCK_DGRAM)
        taken.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        self.port = taken.getsockname()[1]
        asyncio.get_running_loop().add_reader(taken.fileno(), self._read)

    @property
    def flows(self) -> int:
        """How many conversations there are."""
        return len(self._flows)

    def close(self) -> None:
        """Take no more."""
        for key in tuple(self._flows):
            self.forget(key)
        if self._taken is not None:
            asyncio.get_running_loop().remove_reader(self._taken.fileno())
            self._taken.close()

    def answer(self, key: Key, data: bytes) -> None:
        """Pass back what another machine sent."""
        client, ours = key
        info = _INFO.pack(0, socket.inet_aton(ours), bytes(4))
        if self._taken is not None:
            with suppress(OSError):
                self._taken.sendmsg([data], [(socket.IPPROTO_IP, IP_PKTINFO, info)], 0, client)

    def touch(self, key: Key) -> None:
        """Note that it is in use: others make place first."""
        self._flows.move_to_end(key)

    def forget(self, key: Key) -> None:
        """The conversation is over, or was quiet for long."""
        flow = self._flows.pop(key, None)
        if flow is not None:
            flow.close()

    def _read(self) -> None:
        assert self._taken is not None, "open() comes first"
        for _ in range(TURNS_MAX):
            try:
                data, ancillary, _, client = self._taken.recvmsg(DATAGRAM_BYTES, 128)
            except OSError:
                return
            for level, kind, value in ancillary:
                if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
                    ours = socket.inet_ntoa(_INFO.unpack_from(value)[2])
                    self._pass_on((client, ours), data)

    def _pass_on(self, key: Key, data: bytes) -> None:
        flow = self._flows.get(key)
        if flow is None:
            try:
                flow = self._begun(key)
            except OSError as error:
                log.debug("a datagram is not passed on", client=key[0][0], error=error.strerror)
                return
        flow.send(data)

    def _begun(self, key: Key) -> "_Flow":
        client, ours = key
        meant = self._meant_for(client, (ours, self.port))
        if meant[1] == self.port:
            raise OSError(0, "meant for nobody but us")
        while len(self._flows) >= self._flows_max:
            self.forget(next(iter(self._flows)))
        flow = self._flows[key] = _Flow(self, key, meant, self._sockets)
        self.begun += 1
        return flow


class _Flow:
    """One client and whom it talks to."""

    def __init__(self, way: DatagramsOut, key: Key, meant: Address, sockets: Sockets) -> None:
        self._way = way
        self._key = key
        self._socket = sockets.to_endpoints(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.settimeout(0)
            self._socket.connect(meant)
        except OSError:
            self._socket.close()
            raise
        loop = asyncio.get_running_loop()
        loop.add_reader(self._socket.fileno(), self._read)
        self._began_s = self._last_s = loop.time()
        self._is_conversation = False
        self._timer = loop.call_later(QUIET_S, self._look)

    def send(self, data: bytes) -> None:
        self._touch()
        with suppress(OSError):
            self._socket.send(data)

    def close(self) -> None:
        self._timer.cancel()
        asyncio.get_running_loop().remove_reader(self._socket.fileno())
        self._socket.close()

    def _read(self) -> None:
        for _ in range(TURNS_MAX):
            try:
                data = self._socket.recv(DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # Nobody is there, as his machine says.
                self._way.forget(self._key)
                return
            self._touch()
            if self._last_s - self._began_s > CONVERSATION_AFTER_S:
                self._is_conversation = True
            self._way.answer(self._key, data)

    def _touch(self) -> None:
        self._last_s = asyncio.get_running_loop().time()
        self._way.touch(self._key)

    def _look(self) -> None:
        """Go when it was quiet for too long, else look again when it may have been."""
        loop = asyncio.get_running_loop()
        quiet_s = CONVERSATION_QUIET_S if self._is_conversation else QUIET_S
        left_s = self._last_s + quiet_s - loop.time()
        if left_s <= 0:
            self._way.forget(self._key)
        else:
            self._timer = loop.call_later(left_s, self._look)
