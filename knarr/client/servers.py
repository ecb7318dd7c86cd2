"""One of several API servers, for programs whose calls block; the next one when it fails.

A call that never left this process is made to the next server. One whose answer was lost is
made again only if it reads: a write may have been done.
"""

import socket
from collections.abc import Sequence

from knarr.client.unary import UNAVAILABLE, CallError, Tls, UnaryChannel

CONNECT_S = 3.0
"""A server that does not take the connection by then is passed over, where there are others."""


class Servers:
    """The servers of one cluster, `HOST:PORT[,HOST:PORT…]`."""

    def __init__(
        self, addresses: str, tls: Tls | None, metadata: Sequence[tuple[str, str]]
    ) -> None:
        self.addresses = addresses
        self._known = tuple(one.strip() for one in addresses.split(",") if one.strip())
        self._tls = tls
        self._metadata = metadata
        self._used = 0
        self._channels: dict[str, UnaryChannel] = {}

    @property
    def are_several(self) -> bool:
        """Whether there is another one to turn to."""
        return len(self._known) > 1

    @property
    def used(self) -> str:
        """The server that is asked."""
        return self._known[self._used]

    def turn(self) -> None:
        """Ask the next one from now on."""
        self._used = (self._used + 1) % len(self._known)

    def close(self) -> None:
        """Let go of the connections."""
        for channel in self._channels.values():
            channel.close()

    def call(self, path: str, message: bytes, timeout_s: float | None, *, is_read: bool) -> bytes:
        """The answer of a server. Raise CallError."""
        left = len(self._known)
        connect_s = CONNECT_S if self.are_several else None
        while True:
            left -= 1
            try:
                return self._channel().call(path, message, timeout_s, connect_s=connect_s)
            except CallError as error:
                if error.code != UNAVAILABLE:
                    raise
                self.turn()
                if not left or not (is_read or error.is_unsent):
                    raise

    def reachable(self) -> str:
        """The server that is asked, or if it takes no connection the next one that does."""
        for _ in self._known[1:]:
            host, _, port = self.used.rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
            except OSError:
                self.turn()
            else:
                break
        return self.used

    def _channel(self) -> UnaryChannel:
        found = self._channels.get(self.used)
        if found is None:
            found = self._channels[self.used] = UnaryChannel(self.used, self._tls, self._metadata)
        return found
